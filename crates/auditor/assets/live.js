// Shows new blocks as they come: fetches the page again and puts its content in place, unless somebody is at work in it.
"use strict";

const button = document.getElementById("live");
const newer = document.getElementById("newer");

// Whether replacing the content would take something from under somebody's hands.
function isBusy(main) {
  const active = document.activeElement;
  return (active && active !== document.body && active !== main && main.contains(active)) || !getSelection().isCollapsed;
}

function replace(page) {
  const open = [...document.querySelectorAll("main details[open]")].map((details) => details.id);
  const scrolled = [...document.querySelectorAll("main .scroll")].map((box) => box.scrollLeft);
  for (const selector of ["main", "#reach > p"]) {
    document.querySelector(selector).replaceChildren(...page.querySelector(selector).childNodes);
  }
  document.body.dataset.block = page.body.dataset.block;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  document.querySelectorAll("main .scroll").forEach((box, place) => { box.scrollLeft = scrolled[place] ?? 0; });
}

let isFetching = false;
let again = false;

// One at a time; blocks that come meanwhile are shown together.
async function update() {
  again = true;
  if (isFetching) return;
  isFetching = true;
  try {
    while (again) {
      again = false;
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (page.body.dataset.block === document.body.dataset.block) continue;
      newer.hidden = !isBusy(document.querySelector("main"));
      if (newer.hidden) replace(page);
    }
  } catch {
    // The server is away; the stream of blocks comes again when it does.
  } finally {
    isFetching = false;
  }
}

let stream = null;

function follow(isOn) {
  stream?.close();
  stream = isOn ? new EventSource("/live") : null;
  button.setAttribute("aria-pressed", String(isOn));
  if (!isOn) return;
  stream.addEventListener("block", update);
  stream.addEventListener("error", () => button.classList.add("lost"));
  stream.addEventListener("open", () => {
    button.classList.remove("lost");
    update(); // what came while nobody listened
  });
}

// How far behind the figures are, while the page is open. The words are the page's own.
function tick() {
  const time = document.querySelector("#reach time");
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(time.dateTime)) / 1_000));
  const [second, minute, hour, day] = time.dataset.units.split("|");
  const [unit, words] = seconds < 60 ? [1, second] : seconds < 3_600 ? [60, minute] : seconds < 86_400 ? [3_600, hour] : [86_400, day];
  time.textContent = time.dataset.words.replace("{0}", words.replace("{0}", Math.floor(seconds / unit)));
}

if (button && newer) {
  button.hidden = false;
  button.addEventListener("click", () => follow(stream === null));
  follow(true);
  setInterval(tick, 1_000);
}
