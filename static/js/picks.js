/* Ticks of a list: one for all of a page, how many there are, Esc clears. Rows have theirs without it.
   In a region with data-keep-ticks they stay while it is fetched again, each as long as its value does. */
(() => {
  "use strict";

  const picks = () => [...document.querySelectorAll('[name="pick"]')];

  function draw() {
    const all = document.querySelector("[data-pick-all]"), found = picks();
    const ticked = found.filter((one) => one.checked).length, count = document.querySelector("[data-picked]");
    if (count) count.textContent = ticked;
    if (!all) return;
    all.checked = ticked > 0 && ticked === found.length;
    all.indeterminate = ticked > 0 && ticked < found.length;
  }

  function tick(checked) {
    for (const one of picks()) one.checked = checked;
    draw();
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick-all]")) tick(event.target.checked);
    else if (event.target.matches('[name="pick"]')) draw();
  });
  document.addEventListener("reset", (event) => {
    if (event.target.id === "bulk") setTimeout(draw);
  });
  document.addEventListener("keydown", (event) => {
    const busy = event.target.closest?.("input:not([type=checkbox]), select, textarea, [popover], details");
    if (event.key === "Escape" && !busy) tick(false);
  });
  let kept = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    const stays = event.target.matches?.("[data-keep-ticks]");
    kept = stays ? picks().filter((one) => one.checked).map((one) => one.value) : [];
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const one of picks()) one.checked ||= kept.includes(one.value);
    draw();
  });
  addEventListener("pageshow", draw);
  draw();
})();
