// The picture of the README: the overview of the scripted chain, as most people see it. picture.mjs FILE
import { tell } from "./story.mjs";
import { World, browser } from "./world.mjs";

const world = await World.start();
try {
  await tell(world);
  const chromium = await browser();
  const page = await chromium.newPage({ viewport: { width: 1180, height: 1040 }, locale: "en-GB", colorScheme: "light" });
  await page.goto(world.auditor);
  await page.screenshot({ path: process.argv[2] });
  await chromium.close();
} finally {
  await world.end();
}
