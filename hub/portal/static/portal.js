"use strict";
// Comfort only: every page works without this file.

document.querySelector("[data-focus]")?.focus();

for (const chooser of document.querySelectorAll("[data-chooser]")) {
  const tools = chooser.querySelector("[data-tools]");
  const boxes = [...chooser.querySelectorAll("input[type=checkbox]")];
  const count = chooser.querySelector("[data-count]");
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const tally = () => { count.textContent = boxes.filter((box) => box.checked).length; };
  const tick = (checked) => {
    for (const box of boxes) if (!checked || !box.closest("label").hidden) box.checked = checked;
    tally();
  };
  tools.hidden = false;
  tools.querySelector("[data-find]").addEventListener("input", (event) => {
    const wish = plain(event.target.value);
    for (const box of boxes) {
      const label = box.closest("label");
      label.hidden = !plain(label.textContent).includes(wish);
    }
  });
  // Enter in the finder must not send the whole form.
  tools.querySelector("[data-find]").addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  tools.querySelector("[data-all]").addEventListener("click", () => tick(true));
  tools.querySelector("[data-none]").addEventListener("click", () => tick(false));
  chooser.addEventListener("change", tally);
}

for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

for (const form of document.querySelectorAll("form[data-keys]")) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.target.closest("input, textarea, select")) return;
    form.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`)?.click();
  });
}
