// Optional comfort: the pages work without this script.
"use strict";

// Copy buttons.
for (const button of document.querySelectorAll("button[data-copies]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const said = button.parentElement.querySelector(".copied");
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
      said.textContent = said.dataset.copied;
    } catch {
      said.textContent = said.dataset.byHand;
    }
  });
}

// Put values in the places of %s in a text.
const filled = (text, ...values) => text.replace(/%s/g, () => values.shift());

// Announce a text to assistive technology.
const announce = (text) => {
  document.getElementById("said").textContent = text;
};

// Forms that lead to a question ask it in place: the first click changes the button, a later one confirms. The second click of a
// double click and a key that is held down do not confirm.
for (const form of document.querySelectorAll("form[data-asks]")) {
  const pause = 500; // milliseconds
  const button = form.querySelector("button");
  const text = button.firstChild;
  const before = text.data;
  let timer = 0;
  const forget = () => {
    clearTimeout(timer);
    button.removeAttribute("aria-disabled");
    text.data = before;
    form.method = "get";
    announce("");
  };
  button.addEventListener("keydown", (event) => {
    if (event.repeat) event.preventDefault();
  });
  button.addEventListener("click", (event) => {
    if (form.method === "post" && (event.detail > 1 || button.ariaDisabled)) event.preventDefault();
  });
  form.addEventListener("submit", (event) => {
    if (form.method === "post") return;
    event.preventDefault();
    button.style.minWidth = `${button.offsetWidth}px`; // keeps the button under the mouse
    announce(filled(document.getElementById("said").dataset.again, form.dataset.asks, button.textContent.trim()));
    text.data = form.dataset.asks;
    form.method = "post";
    button.ariaDisabled = "true";
    timer = setTimeout(() => button.removeAttribute("aria-disabled"), pause);
  });
  button.addEventListener("blur", forget);
}

// A second click does not send a form again while it is in flight. After 5 seconds, or if it was stopped, it can be sent again.
const underWay = new WeakMap();
addEventListener("submit", (event) => {
  const form = event.target, now = performance.now();
  if (event.defaultPrevented || form.method !== "post") return;
  if (now - (underWay.get(form) ?? -Infinity) < 5000) event.preventDefault();
  else underWay.set(form, now);
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// Reloading the page with a secret shows the list instead of sending the form again.
if (document.getElementById("secret")) history.replaceState(null, "");

// Show the field for a date only if it is needed.
const lifetime = document.getElementById("lifetime");
const date = document.querySelector(".generate .date");
if (lifetime && date) {
  const show = () => {
    date.hidden = lifetime.value !== "date";
    date.querySelector("input").required = !date.hidden;
  };
  lifetime.addEventListener("change", show);
  show();
}

// Entering a number of days selects that choice.
document.getElementById("days")?.addEventListener("input", () => {
  document.getElementById("max-days").checked = true;
});
document.getElementById("exempt-days")?.addEventListener("input", () => {
  document.getElementById("exempt-max").value = "days";
});

// A search without a result so far continues by itself.
const unfinished = document.querySelector("[data-goes-on]");
if (unfinished) location.replace(unfinished.dataset.goesOn);

// Show times in the zone of the browser if the server does not know the zone.
const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
const inZone = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[data-zone-unknown]")) {
  time.textContent = inZone.format(new Date(time.dateTime));
}
const dayInZone = new Intl.DateTimeFormat(language, { dateStyle: "long" });
for (const option of document.querySelectorAll("option[data-until]")) {
  option.textContent = filled(option.dataset.text, dayInZone.format(new Date(option.dataset.until)));
}
