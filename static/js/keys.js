/* Keys that work on every page: / goes to the search; on the one open decision card a approves, r
   rejects, e changes. Off in fields, beside Ctrl, Alt, Meta, and for readers who have switched single
   keys off in their settings (data-shortcuts="off"). */
(() => {
  "use strict";

  const FIELDS = "input, select, textarea, [contenteditable]";

  function search() {
    const box = document.getElementById("search");
    if (!box) return false;
    if (box.checkVisibility()) {
      box.focus();
      box.select();
    } else {
      location.assign(box.form.action);
    }
    return true;
  }

  /* What must be said first gets the focus; so does a button that asks again (data-asks-again). */
  function decide(key) {
    const open = [...document.querySelectorAll(".gate.open")].filter((one) => one.checkVisibility());
    const action = open.length === 1 && open[0].querySelector(`[data-key="${key}"]`);
    if (!action) return false;
    const words = [...open[0].querySelectorAll(`[data-needed~="${action.value}"]`)];
    const missing = words.find((one) => !one.value.trim());
    if (missing) missing.focus();
    else if ("asksAgain" in action.dataset) action.focus();
    else action.click();
    return true;
  }

  const KEYS = { "/": search, a: decide, r: decide, e: decide };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return;
    if (document.documentElement.dataset.shortcuts === "off" || event.target.closest?.(FIELDS)) return;
    if (Object.hasOwn(KEYS, event.key) && KEYS[event.key](event.key)) event.preventDefault();
  });
})();
