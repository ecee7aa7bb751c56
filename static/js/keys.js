/* Keys that work on every page: / goes to the search, ? tells which keys there are; j and k go to the
   next and the previous row of the list, where Enter opens it and x ticks it; on the one open decision
   card a approves, r rejects, e changes. Off in fields, beside Ctrl, Alt, Meta, and for readers who have
   switched single keys off in their settings (data-shortcuts="off"). */
(() => {
  "use strict";

  const FIELDS = "input, select, textarea, [contenteditable]";
  // A row of a list names what it is about first; other tables have no rows to go to.
  const ROWS = "main tbody tr:has(> .name a[href]), .inbox-list li:has(> a[href])";

  let lastRow = ""; // a region that is fetched again takes the focus along

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

  const rows = () => [...document.querySelectorAll(ROWS)].filter((one) => one.checkVisibility());
  const wayOf = (row) => row.querySelector(":scope > .name a[href], :scope > a[href]");
  const rowNow = () => document.activeElement?.closest(ROWS);

  function go(key) {
    const found = rows();
    if (!found.length) return false;
    const at = found.findIndex((one) => one === rowNow() || (!rowNow() && one.id && one.id === lastRow));
    const next = key === "j" ? at + 1 : Math.max(at - 1, 0);
    const row = found[Math.min(next, found.length - 1)];
    lastRow = row.id;
    wayOf(row).focus();
    row.scrollIntoView({ block: "nearest" });
    return true;
  }

  const tickOf = (row) => row?.querySelector("input[type=checkbox]:not(:disabled)");

  function tick() {
    const box = tickOf(rowNow());
    box?.click();
    return Boolean(box);
  }

  const openCards = () => [...document.querySelectorAll(".gate.open")].filter((one) => one.checkVisibility());

  /* What must be said first gets the focus; so does a button that asks again (data-asks-again). */
  function decide(key) {
    const open = openCards();
    const action = open.length === 1 && open[0].querySelector(`[data-key="${key}"]`);
    if (!action) return false;
    const words = [...open[0].querySelectorAll(`[data-needed~="${action.value}"]`)];
    const missing = words.find((one) => !one.value.trim());
    if (missing) missing.focus();
    else if ("asksAgain" in action.dataset) action.focus();
    else action.click();
    return true;
  }

  /* The list names only what does something on this page. */
  function tell() {
    const list = document.getElementById("keys");
    if (!list) return false;
    const here = {
      search: document.getElementById("search"),
      rows: rows().length,
      ticks: rows().some(tickOf),
      card: openCards().length === 1,
    };
    for (const line of list.querySelectorAll("[data-where]")) line.hidden = !here[line.dataset.where];
    list.togglePopover();
    return true;
  }

  const KEYS = { "/": search, "?": tell, j: go, k: go, x: tick, a: decide, r: decide, e: decide };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return;
    if (document.documentElement.dataset.shortcuts === "off" || event.target.closest?.(FIELDS)) return;
    if (Object.hasOwn(KEYS, event.key) && KEYS[event.key](event.key)) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-tell-keys]")) tell();
  });
})();
