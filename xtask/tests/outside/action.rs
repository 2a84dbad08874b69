//! The composite action, step by step as GitHub's runner goes through it: its scripts, with the environment that the
//! runner gives, and its log read for the commands that the runner would obey.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Action {
    inputs: BTreeMap<String, Input>,
    outputs: BTreeMap<String, Output>,
    runs: Runs,
}

#[derive(Deserialize)]
struct Input {
    default: String,
}

#[derive(Deserialize)]
struct Output {
    value: String,
}

#[derive(Deserialize)]
struct Runs {
    using: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Step {
    #[serde(default)]
    id: String,
    #[serde(default)]
    r#if: String,
    #[serde(default)]
    uses: String,
    #[serde(default)]
    with: BTreeMap<String, String>,
    #[serde(default)]
    run: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    working_directory: String,
}

/// A workflow as far as its steps go.
#[derive(Deserialize)]
struct Workflow {
    jobs: BTreeMap<String, Job>,
}

#[derive(Deserialize)]
struct Job {
    steps: Vec<Step>,
}

#[test]
fn the_example_uses_the_action_as_it_is() {
    let read = |name: &str| std::fs::read_to_string(folder().join(name)).expect("it is there");
    let action: Action = serde_yaml::from_str(&read("action.yml")).expect("the action is YAML");
    let example: Workflow = serde_yaml::from_str(&read("example.yml")).expect("the example is YAML");
    let steps = &example.jobs["storecheck"].steps;
    let used =
        steps.iter().find(|step| step.uses.contains("/.github/actions/storecheck@")).expect("it uses the action");
    let unknown: Vec<&String> = used.with.keys().filter(|input| !action.inputs.contains_key(*input)).collect();
    assert_eq!(unknown, [] as [&String; 0], "inputs that the action does not have");
    let told = format!("${{{{ steps.{}.outputs.verdict }}}}", used.id);
    assert!(steps.iter().any(|step| step.run.contains(&told)) && action.outputs.contains_key("verdict"), "{told}");
}

/// What a run of the action came to.
pub(crate) struct Ran {
    pub(crate) passed: bool,
    pub(crate) log: String,
    /// Commands of the log that the runner obeys.
    pub(crate) obeyed: Vec<String>,
    pub(crate) summary: String,
    pub(crate) outputs: BTreeMap<String, String>,
    /// Names and folders of what is uploaded.
    pub(crate) uploaded: Vec<(String, String)>,
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../.github/actions/storecheck").canonicalize().expect("it is there")
}

/// Values of expressions: `inputs.profile`, `steps.run.outputs.code`.
type Values = BTreeMap<String, String>;

fn filled(text: &str, values: &Values) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (name, after) = after.split_once("}}").expect("an expression has an end");
        out.push_str(before);
        // As the runner does, what is not there is empty.
        out.push_str(values.get(name.trim()).map_or("", String::as_str));
        rest = after;
    }
    out + rest
}

fn wanted(step: &Step, failed: bool, values: &Values) -> bool {
    match step.r#if.as_str() {
        "" => !failed,
        "always()" => true,
        "always() && inputs.artifact != ''" => !values["inputs.artifact"].is_empty(),
        other => panic!("a condition that this runner does not know: {other}"),
    }
}

/// Goes through the action in `workspace` with `inputs`; `prepare` sets what the machine adds to the environment.
pub(crate) fn run(workspace: &Path, inputs: &[(&str, &str)], prepare: &dyn Fn(&mut Command)) -> Ran {
    let text = std::fs::read_to_string(folder().join("action.yml")).expect("there is an action");
    let action: Action = serde_yaml::from_str(&text).expect("the action is YAML");
    assert_eq!(action.runs.using, "composite");
    let mut values: Values =
        action.inputs.iter().map(|(name, input)| (format!("inputs.{name}"), input.default.clone())).collect();
    for (name, value) in inputs {
        assert!(values.insert(format!("inputs.{name}"), (*value).to_owned()).is_some(), "no input is called {name}");
    }
    let files = tempfile::tempdir().expect("a scratch folder");
    let mut ran = Ran {
        passed: true,
        log: String::new(),
        obeyed: Vec::new(),
        summary: String::new(),
        outputs: BTreeMap::new(),
        uploaded: Vec::new(),
    };
    for step in &action.runs.steps {
        if !wanted(step, !ran.passed, &values) {
            continue;
        }
        if !step.uses.is_empty() {
            assert_eq!(step.uses, "actions/upload-artifact@v4");
            let filled = |name: &str| filled(&step.with[name], &values);
            ran.uploaded.push((filled("name"), filled("path")));
            continue;
        }
        let outputs = files.path().join("output");
        std::fs::write(&outputs, "").expect("writable");
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &step.run]);
        command.current_dir(workspace.join(filled(&step.working_directory, &values)));
        prepare(&mut command);
        command.envs([("CI", "true"), ("GITHUB_ACTIONS", "true")]);
        command.env("GITHUB_ACTION_PATH", folder()).env("GITHUB_WORKSPACE", workspace);
        for (name, file) in [("OUTPUT", "output"), ("STEP_SUMMARY", "summary"), ("ENV", "env"), ("PATH", "path")] {
            command.env(format!("GITHUB_{name}"), files.path().join(file));
        }
        command.envs(step.env.iter().map(|(name, value)| (name, filled(value, &values))));
        let output = command.output().expect("there is a bash");
        ran.passed &= output.status.success();
        ran.log += &String::from_utf8_lossy(&output.stdout);
        ran.log += &String::from_utf8_lossy(&output.stderr);
        ran.obeyed.extend(obeyed(&String::from_utf8_lossy(&output.stdout)));
        for line in std::fs::read_to_string(&outputs).expect("it was made").lines() {
            let (name, value) = line.split_once('=').expect("an output has a name");
            values.insert(format!("steps.{}.outputs.{name}", step.id), value.to_owned());
        }
    }
    ran.summary = std::fs::read_to_string(files.path().join("summary")).unwrap_or_default();
    ran.outputs = action.outputs.iter().map(|(name, output)| (name.clone(), filled(&output.value, &values))).collect();
    ran
}

/// Commands of a step's log, but for those between `::stop-commands::TOKEN` and `::TOKEN::`.
fn obeyed(log: &str) -> Vec<String> {
    let mut stopped: Option<String> = None;
    let mut obeyed = Vec::new();
    for line in log.lines() {
        match &stopped {
            Some(token) if line == format!("::{token}::") => stopped = None,
            Some(_) => {}
            None => match line.strip_prefix("::stop-commands::") {
                Some(token) => stopped = Some(token.to_owned()),
                None if line.starts_with("::") => obeyed.push(line.to_owned()),
                None => {}
            },
        }
    }
    obeyed
}
