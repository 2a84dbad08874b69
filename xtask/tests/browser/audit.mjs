// Opens a page in Chromium as people meet it (light, dark, narrow, without scripts), has axe-core audit each, and prints
// what it saw as JSON. Arguments: the page, a folder for screenshots. playwright-core and axe-core are found by Node.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.cwd() + "/");
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [page_file, folder] = process.argv.slice(2);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const ways = [
  { name: "light", colorScheme: "light", width: 1280, scripts: true },
  { name: "dark", colorScheme: "dark", width: 1280, scripts: true },
  { name: "narrow", colorScheme: "light", width: 360, scripts: true },
  { name: "scriptless", colorScheme: "light", width: 1280, scripts: false },
];
const seen = [];
for (const way of ways) {
  const context = await browser.newContext({
    colorScheme: way.colorScheme,
    viewport: { width: way.width, height: 900 },
    javaScriptEnabled: way.scripts,
  });
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("requestfailed", (request) => problems.push("request: " + request.url()));
  page.on("request", (request) => {
    if (!request.url().startsWith("file:")) problems.push("request: " + request.url());
  });
  await page.goto(pathToFileURL(page_file).href);
  const entry = { name: way.name, problems };
  entry.title = await page.title();
  entry.rows = await page.locator("tbody tr:visible").count();
  entry.scrolls = way.scripts
    ? await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)
    : false;
  if (way.scripts) {
    // What is folded away is audited too.
    await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run(document));
    entry.violations = found.violations.map((one) => ({ id: one.id, help: one.help, nodes: one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)) }));
    entry.passes = found.passes.length;
    await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = false)));
    const box = page.locator("#filter");
    if (await box.count()) {
      await box.fill("SCAN-1 ");
      entry.filtered = await page.locator("#clauses tbody tr:visible").count();
      await box.fill("");
    }
  }
  await page.screenshot({ path: `${folder}/${way.name}.png` });
  if (way.scripts) {
    const speed = page.locator("#speed");
    if (await speed.count()) await speed.screenshot({ path: `${folder}/${way.name}-speed.png`, clip: undefined }).catch(() => {});
  }
  seen.push(entry);
  await context.close();
}
await browser.close();
console.log(JSON.stringify(seen, null, 1));
