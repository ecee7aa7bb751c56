/* Ticks of a list: one for all of a page, how many there are, Esc clears. Rows have theirs without it. */
(() => {
  "use strict";

  const picks = () => [...document.querySelectorAll('[name="pick"]')];

  function draw() {
    const all = document.querySelector("[data-pick-all]"), found = picks();
    if (!all) return;
    const ticked = found.filter((one) => one.checked).length;
    all.checked = ticked > 0 && ticked === found.length;
    all.indeterminate = ticked > 0 && ticked < found.length;
    document.querySelector("[data-picked]").textContent = ticked;
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
  document.addEventListener("htmx:afterSwap", draw);
  addEventListener("pageshow", draw);
  draw();
})();
