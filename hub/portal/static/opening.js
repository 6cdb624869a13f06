"use strict";
// Follows the Hub's progress events while a workspace opens.

const card = document.querySelector("[data-progress]");
const bar = card.querySelector("[data-bar]");
const message = card.querySelector("[data-message]");
const events = new EventSource(card.dataset.progress);

events.onmessage = ({ data }) => {
  const event = JSON.parse(data);
  if (event.progress !== undefined) bar.setAttribute("aria-valuenow", event.progress);
  if (event.message) message.textContent = event.message;
  if (event.ready) {
    events.close();
    window.location.reload(); // the Hub sends it on to the workspace
  }
  if (event.failed) {
    events.close();
    bar.hidden = true;
    card.querySelector("[data-failed]").hidden = false;
  }
};
