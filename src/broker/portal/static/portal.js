// Betters what already works without it: copying, times of the reader's zone, a key for the search.
"use strict";

function copied(text) {
  if (navigator.clipboard && window.isSecureContext) {
    return navigator.clipboard.writeText(text);
  }
  // Without HTTPS browsers have no clipboard for scripts; a selection can still be copied.
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  field.className = "unseen";
  document.body.append(field);
  field.select();
  const worked = document.execCommand("copy");
  field.remove();
  return worked ? Promise.resolve() : Promise.reject(new Error("the browser refused"));
}

function selected(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = window.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

for (const box of document.querySelectorAll("[data-copy]")) {
  const button = box.querySelector("button");
  const text = box.querySelector("pre");
  const usual = button.textContent;
  button.hidden = false;
  button.addEventListener("click", () => {
    copied(text.textContent).then(
      () => { button.textContent = "Copied"; },
      () => { selected(text); button.textContent = "Selected: press Ctrl+C"; },
    );
    setTimeout(() => { button.textContent = usual; }, 2500);
  });
}

// As pages write instants, whatever the language: 2026-11-30 13:19 UTC+1. The zone's offset tells
// apart the two hours of the day on which summer time ends.
const here = new Intl.DateTimeFormat("en-GB", {
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  hourCycle: "h23", timeZoneName: "shortOffset",
});

function local(instant) {
  const part = Object.fromEntries(here.formatToParts(instant).map((one) => [one.type, one.value]));
  const zone = part.timeZoneName.replace("GMT", "UTC").replace(/\+0$/, "");
  return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute} ${zone}`;
}

// The title is the instant in UTC; the text is the same, or an age.
for (const time of document.querySelectorAll("time[datetime][title]")) {
  const instant = new Date(time.dateTime);
  if (!Number.isNaN(instant.getTime())) {
    if (time.textContent === time.title) {
      time.textContent = local(instant);
    } else {
      time.title = `${local(instant)}, ${time.title}`;
    }
  }
}

document.addEventListener("keydown", (event) => {
  const search = document.querySelector("input[type=search]");
  const writes = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && search && !writes && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});

// The page that waits for a first pull looks every five seconds, but loads only then.
for (const box of document.querySelectorAll("[data-waits]")) {
  setInterval(async () => {
    const answer = await fetch(box.dataset.waits, { headers: { Accept: "application/json" } });
    if (answer.ok && (await answer.json()).step !== "sync") {
      window.location.reload();
    }
  }, 5000);
}
