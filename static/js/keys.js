/* Keys that work on every page: / goes to the search. Off in fields, beside Ctrl, Alt, Meta, and for
   readers who have switched single keys off in their settings (data-shortcuts="off"). */
(() => {
  "use strict";

  const FIELDS = "input, select, textarea, [contenteditable]";

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (document.documentElement.dataset.shortcuts === "off" || event.target.closest?.(FIELDS)) return;
    const box = document.getElementById("search");
    if (!box) return;
    event.preventDefault();
    if (box.checkVisibility()) {
      box.focus();
      box.select();
    } else {
      location.assign(box.form.action);
    }
  });
})();
