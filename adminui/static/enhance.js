// What makes the pages a little more comfortable. They do all they can without it.
"use strict";

// A button copies the text of the element that it names.
for (const button of document.querySelectorAll("button[data-copies]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const said = button.parentElement.querySelector(".copied");
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
      said.textContent = "Copied.";
    } catch {
      said.textContent = "Select the text and copy it.";
    }
  });
}

// A form that leads to a question asks it in place: the first click changes the button, the second sends the answer.
for (const form of document.querySelectorAll("form[data-asks]")) {
  const button = form.querySelector("button");
  const text = button.firstChild;
  const before = text.data;
  const forget = () => {
    text.data = before;
    form.method = "get";
  };
  form.addEventListener("submit", (event) => {
    if (form.method === "post") return;
    event.preventDefault();
    text.data = form.dataset.asks;
    form.method = "post";
  });
  button.addEventListener("blur", forget);
}

// The field for a date is there when it is needed.
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

// A search that has found nothing yet goes on by itself.
const unfinished = document.querySelector("[data-goes-on]");
if (unfinished) location.replace(unfinished.dataset.goesOn);

// Times are in the zone of the person who looks, where the server does not know it.
const inZone = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[data-zone-unknown]")) {
  time.textContent = inZone.format(new Date(time.dateTime));
}
