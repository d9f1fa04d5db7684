// A year in the life of a small consortium, so that every figure has something to show.
import { join } from "node:path";
import { root } from "./world.mjs";

const DAY = 86_400;
const ROUNDS = 6;

// Names and titles that would be scripts, styles or other directions, were they not shown as text.
export const HOSTILE = `<img src=x onerror="document.body.dataset.hacked=1">`;
export const HOSTILE_TITLE = `</title><script>document.body.dataset.hacked=2</script>\u202etxet`;

const sample = (name) => join(root, "tests/samples", name);

const feedback = [
  ["--outcome", "true-positive", "--action", "block-outbound,hunt", "--usefulness", "5"],
  ["--outcome", "true-positive", "--action", "block-outbound", "--usefulness", "4"],
  ["--outcome", "no-hit", "--action", "hunt", "--usefulness", "3"],
  ["--outcome", "not-applicable", "--usefulness", "2"],
  ["--outcome", "false-positive", "--usefulness", "1"],
];

// One delivery, and what comes of it some time later.
async function trade(world, consumer, product, round, place) {
  const used = await world.json(consumer, "use", product, "--buy", "--another", "--force", "-o", `${consumer}.json`);
  return { consumer, task: String(used.task), says: (round + place) % 7 === 6 ? null : feedback[(round + place) % feedback.length] };
}

export async function tell(world) {
  const sell = (who, file, ...more) => world.as(who, "publish", sample(file), "--price", "0.05", "--stock", "40", "--incomplete", ...more);
  // A team that is large enough to be shown.
  for (const [place, digit] of [..."abcd"].entries()) {
    await world.as("governor", "organisation", "enrol", `0x${digit.repeat(40)}`, "--organisation", "Kitakaze Energy", "--team", "security-operations");
    if (place === 0) await sell("hinode", "kagerou-beacons.json", "--reward", "20");
  }
  await sell("minato", "ember-lynx-second-wave.json");
  const products = ["1-1", "2-1"];
  for (let round = 0; round < ROUNDS; round++) {
    const consumers = ["kitakaze", "tsubame", "asagiri"].slice(0, round === ROUNDS - 1 ? 2 : 3);
    const trades = await Promise.all(consumers.map((who, place) => trade(world, who, products[(round + place) % 2], round, place)));
    await world.pass(3_600 * (1 + round));
    await Promise.all(trades.filter(({ says }) => says).map(({ consumer, task, says }) => world.as(consumer, "feedback", "give", task, ...says)));
    await world.pass(7_200);
    await answer(world, round);
    await world.pass(9 * DAY);
  }
  await settle(world);
  await world.as("hinode", "revise", "1-1", sample("kagerou-beacons.json"), "--price", "0.04", "--stock", "10", "--incomplete");
  await hostile(world);
  await world.pass(2 * DAY);
  await trade(world, "tsubame", "2-1", 0, 0);
  await world.caught_up();
}

async function answer(world, round) {
  for (const who of ["hinode", "minato"]) {
    if (round === 2) continue;
    for (const { task } of await world.json(who, "feedback", "inbox", "--unanswered")) {
      await world.as(who, "feedback", "answer", task, "--response", round % 2 ? "acknowledged" : "will-revise");
    }
  }
}

async function settle(world) {
  for (const who of ["hinode", "minato"]) await world.as(who, "settle");
}

// A member that tries what it can with the texts that it may choose.
async function hostile(world) {
  await world.as("governor", "organisation", "add", HOSTILE);
  const stranger = world.accounts.find((account) => account.name === "stranger").address;
  await world.as("governor", "organisation", "enrol", stranger, "--organisation", HOSTILE, "--team", "=1+1<b>");
  await world.call("anvil_setBalance", stranger, "0xde0b6b3a7640000");
  await world.as("stranger", "publish", sample("bare-blocklist.json"), "--price", "0", "--stock", "1", "--incomplete", "--title", HOSTILE_TITLE);
}
