// When each page first shows something, with the index in FILE, in a browser that has been here before: the median in
// milliseconds, as JSON. paint.mjs FILE PAGE...
import { browser, first_paint, serve } from "./world.mjs";

const TIMES = 15;

const [index, ...pages] = process.argv.slice(2);
const served = await serve("--index", index, "--read-only");
const chromium = await browser();
try {
  const page = await chromium.newPage();
  const paint = async (path) => {
    await page.goto(`${served.url}/definitions`);
    const answer = await page.goto(served.url + path);
    if (!answer.ok()) throw new Error(`${path} is answered with ${answer.status()}`);
    return first_paint(page);
  };
  const medians = {};
  for (const path of pages) {
    await paint(path);
    const times = [];
    for (let time = 0; time < TIMES; time++) times.push(await paint(path));
    medians[path] = times.sort((one, other) => one - other)[(TIMES - 1) / 2];
  }
  console.log(JSON.stringify(medians));
} finally {
  await chromium.close();
  await served.end();
}
