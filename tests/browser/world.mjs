// A development network with its auditor, and a browser. Everything listens on a port that the system chose, waits are for
// conditions, and every process is ended by its id.
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const programs = process.env.AYUMI_PROGRAMS ?? join(target, "debug");

// Where pictures are kept.
export const pictures = join(target, "browser");

const run = promisify(execFile);

// Starts a program and waits for the line that begins with `announcement`; returns the process and the rest of the line.
async function start(program, args, announcement, env = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  // What is not ended before we end does not stay.
  process.on("exit", () => child.kill("SIGKILL"));
  let log = "";
  child.stderr.on("data", (text) => (log += text));
  const said = await new Promise((done, failed) => {
    createInterface({ input: child.stdout }).on("line", (line) => line.startsWith(announcement) && done(line.slice(announcement.length).trim()));
    child.on("error", failed);
    child.on("exit", (code) => failed(new Error(`${program} ended with ${code}: ${log}`)));
  });
  return [child, said];
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await ended;
}

// An auditor that listens on a port that the system chose.
export async function serve(...args) {
  const [child, url] = await start(join(programs, "ayumi-auditor"), ["serve", "--listen", "127.0.0.1:0", ...args], "listening on ");
  return { url, end: () => end(child) };
}

export class World {
  static async start() {
    const world = new World();
    world.folder = mkdtempSync(join(tmpdir(), "ayumi-browser-"));
    const file = join(world.folder, "world.json");
    [world.devnet] = await start(join(programs, "ayumi"), ["devnet", "--accounts-file", file], "ready");
    Object.assign(world, JSON.parse(readFileSync(file)));
    return world;
  }

  // Has an account run `ayumi`; returns what it printed.
  async as(name, ...args) {
    const account = this.accounts.find((account) => account.name === name);
    const { stdout } = await run(join(programs, "ayumi"), args, {
      cwd: this.folder, env: { ...process.env, ...account.environment }, maxBuffer: 1 << 26,
    });
    return stdout;
  }

  // The same as JSON. A status of 1 says that there is nothing, which is an answer.
  async json(name, ...args) {
    const printed = await this.as(name, ...args, "--json").catch((failure) => {
      if (failure.code !== 1) throw failure;
      return failure.stdout;
    });
    return JSON.parse(printed);
  }

  // Calls the node itself.
  async call(method, ...params) {
    const answer = await fetch(this.rpc, {
      method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const { result, error } = await answer.json();
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  // Moves the chain's clock on.
  async pass(seconds) {
    await this.call("evm_increaseTime", seconds);
    await this.call("evm_mine");
  }

  // Another auditor of the same chain.
  async another(...args) {
    const index = join(this.folder, `other-${args.join("-").replace(/\W/g, "")}.db`);
    const { AYUMI_NETWORK } = this.accounts[0].environment;
    return serve("--rpc-url", this.rpc, "--operator", this.contracts.operator, "--network", AYUMI_NETWORK, "--index", index, ...args);
  }

  // Until the auditor's index has all of the chain.
  async caught_up() {
    const head = Number(await this.call("eth_blockNumber"));
    await until(`block ${head}`, async () => (await (await fetch(`${this.auditor}/v1/status`)).json()).block >= head);
  }

  async end() {
    await end(this.devnet);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

// Looks until a condition holds; never longer than two minutes.
export async function until(what, condition) {
  for (let tries = 0; tries < 2_400; tries++) {
    if (await condition().catch(() => false)) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`waited too long for ${what}`);
}

function find_chromium() {
  if (process.env.AYUMI_CHROMIUM) return process.env.AYUMI_CHROMIUM;
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
  const folders = [...process.env.PATH.split(delimiter), "/Applications/Chromium.app/Contents/MacOS", "/Applications/Google Chrome.app/Contents/MacOS"];
  const found = folders.flatMap((folder) => [...names, "Chromium", "Google Chrome"].map((name) => join(folder, name))).find(existsSync);
  if (!found) throw new Error("there is no Chromium on PATH: install it (Debian: chromium), or name it in AYUMI_CHROMIUM");
  return found;
}

// When a page first showed something, in milliseconds from its beginning; it may still be to come.
export function first_paint(page) {
  return page.evaluate(() => new Promise((done) => {
    const observer = new PerformanceObserver((list) => {
      const [paint] = list.getEntriesByName("first-contentful-paint");
      if (paint) done(paint.startTime);
    });
    observer.observe({ type: "paint", buffered: true });
  }));
}

export async function browser() {
  mkdirSync(pictures, { recursive: true });
  return chromium.launch({ executablePath: find_chromium(), args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}
