/* Live pages: docs/how-to/live-pages.md says what a page writes and what it gets for it. */
(() => {
  "use strict";

  const BANNER_AFTER = 3000, SILENCE_LIMIT = 40000, POLL_PAUSE = 2000;
  const UPGRADE_PAUSE = { known: 5000, unknown: 60000 }; // back to the socket, had it worked here
  const SAY_PAUSE = 10000, MAX_EVENT_SOURCES = 3;
  const WORDS = {
    live: "Live · updated {time}",
    catchingUp: "Catching up",
    paused: "Live updates paused. This page shows {time}.",
    retry: "Next try in {wait} s.",
    signedOut: "You are signed out. Sign in again to go on.",
    off: "Not live",
    unanswered: "The server did not answer. Nothing was changed.",
  };

  const streams = new Map(); // name -> {seq, ids: what can be pushed here}
  const toggled = new Map(); // id of a <details> -> open, as its reader left it
  let link = null, linked = false, failures = 0, lostAt = 0, retryAt = 0, retryTimer = 0;
  let offset = 0, shownAt = Date.now(), updatedAt = Date.now(), signedOut = false, linkedAt = 0;
  let touchedAt = Date.now(), socketWorked = false;

  const forced = new URLSearchParams(location.search).get("live");
  const language = document.documentElement.lang || "en";
  const now = () => Date.now() + offset;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const word = (name, values = {}) =>
    fill(document.getElementById("live-words")?.dataset[name] || WORDS[name], values);

  // -- which streams this page follows -----------------------------------------------------------

  function scan() {
    const found = new Map();
    for (const element of document.querySelectorAll("[data-live-stream]")) {
      const { liveStream: name, liveSeq } = element.dataset;
      if (name) found.set(name, Math.max(Number(liveSeq) || 0, found.get(name) || 0));
    }
    for (const name of [...streams.keys()]) {
      if (found.has(name)) continue;
      streams.delete(name);
      link?.leave(name);
    }
    for (const [name, seq] of found) {
      if (streams.has(name)) continue;
      streams.set(name, { seq, ids: [], shown: "" });
      if (linked) link.follow(name);
    }
    for (const name of streams.keys()) show(name);
    if (streams.size && !link && !retryTimer && !signedOut) connect();
    if (!streams.size && link) hangUp();
    drawState();
  }

  const shownOf = (name) => streams.get(name).ids.filter((id) => document.getElementById(id));

  function show(name) {
    const stream = streams.get(name), shown = shownOf(name);
    if (!linked || shown.join() === stream.shown) return;
    stream.shown = shown.join();
    link.show(name, shown);
  }

  // -- three ways to hear: a socket, Server-Sent Events, polling ---------------------------------

  function socketLink() {
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/live/`);
    const send = (command) => socket.readyState === 1 && socket.send(JSON.stringify(command));
    const self = {
      follow: (stream) => send({
        do: "follow", stream, language, after: streams.get(stream).seq, shown: shownOf(stream),
      }),
      show: (stream, shown) => send({ do: "show", stream, shown }),
      leave: (stream) => send({ do: "leave", stream }),
      close() { socket.onclose = null; socket.close(); },
    };
    socket.onopen = () => established(self);
    socket.onmessage = (message) => take(JSON.parse(message.data));
    socket.onclose = () => lost(self);
    return self;
  }

  function eventsLink() {
    const sources = new Map();
    const self = {
      follow(stream) {
        const query = new URLSearchParams({ after: streams.get(stream).seq, shown: "*" });
        const source = new EventSource(`/live/events/${encodeURIComponent(stream)}?${query}`);
        let gathered = [];
        source.onmessage = (message) => gathered.push(JSON.parse(message.data));
        source.addEventListener("events", (message) => {
          take({ ...JSON.parse(message.data), events: gathered });
          gathered = [];
        });
        for (const type of ["following", "regions", "beat", "refused"]) {
          source.addEventListener(type, (message) => take(JSON.parse(message.data)));
        }
        source.onopen = () => established(self);
        source.onerror = () => lost(self);
        sources.set(stream, source);
      },
      show() {},
      leave(stream) { sources.get(stream)?.close(); sources.delete(stream); },
      close() { for (const source of sources.values()) source.close(); },
    };
    for (const stream of streams.keys()) self.follow(stream);
    return self;
  }

  function pollLink() {
    let timer = 0, open = true;
    async function ask(stream) {
      const { seq } = streams.get(stream);
      const query = new URLSearchParams({ stream, after: seq, shown: shownOf(stream).join() });
      const answer = await fetch(`/live/poll?${query}`, { signal: AbortSignal.timeout(10000) });
      const at = answer.headers.get("Date");
      if (answer.status === 401) take({ type: "refused", stream, signed_in: false });
      else if (answer.status === 404) take({ type: "refused", stream, signed_in: true });
      else if (!answer.ok) throw new Error(answer.status);
      else if (open && streams.has(stream)) {
        const { ids, events, regions } = await answer.json();
        take({ type: "following", stream, ids });
        take({ type: "events", stream, after: seq, events, within: 0 });
        take({ type: "regions", stream, regions, at: at && new Date(at).toISOString() });
      }
    }
    async function round() {
      try {
        for (const stream of [...streams.keys()]) if (open && streams.has(stream)) await ask(stream);
      } catch {
        if (open) lost(self);
        return;
      }
      if (!open) return;
      established(self);
      timer = setTimeout(round, document.hidden ? 5 * POLL_PAUSE : POLL_PAUSE);
    }
    const self = {
      follow() {}, show() {}, leave() {},
      close() { open = false; clearTimeout(timer); },
    };
    queueMicrotask(round);
    return self;
  }

  const LINKS = { socket: socketLink, sse: eventsLink, poll: pollLink };

  function chosen() {
    if (LINKS[forced]) return forced;
    const turn = failures % 6; // after six failures the socket has its turn again
    if (turn < 2) return "socket";
    return turn < 4 && streams.size <= MAX_EVENT_SOURCES ? "sse" : "poll";
  }

  function connect() {
    retryTimer = retryAt = 0;
    const kind = chosen();
    link = LINKS[kind]();
    link.kind = kind;
  }

  function established(which) {
    if (which !== link) return;
    touch();
    if (linked) return;
    linked = true;
    linkedAt = Date.now();
    lostAt = 0;
    socketWorked ||= link.kind === "socket";
    document.documentElement.dataset.live = link.kind;
    for (const name of streams.keys()) {
      streams.get(name).shown = "";
      if (link.kind === "socket") link.follow(name);
    }
    drawState();
  }

  function lost(which) {
    if (which !== link) return;
    // Only a link that carried something counts as a success: a proxy may open and then drop it.
    failures = linked && link.kind === "socket" && Date.now() - linkedAt > 1000 ? 0 : failures + 1;
    hangUp();
    lostAt ||= Date.now();
    const pause = Math.min(15000, 300 * 2 ** failures) * (0.8 + 0.4 * Math.random());
    retryAt = Date.now() + pause;
    retryTimer = setTimeout(connect, pause);
    drawState();
  }

  function hangUp() {
    link?.close();
    link = null;
    linked = false;
    clearTimeout(retryTimer);
    retryTimer = retryAt = 0;
    delete document.documentElement.dataset.live;
  }

  function touch(at) {
    if (at) offset = Date.parse(at) - Date.now();
    shownAt = now();
    touchedAt = Date.now();
  }

  // -- what is heard -----------------------------------------------------------------------------

  function take(frame) {
    touch(frame.at);
    const stream = streams.get(frame.stream);
    if (!stream) return;
    if (frame.type === "following") {
      stream.ids = frame.ids;
      show(frame.stream);
    } else if (frame.type === "events") takeEvents(frame, stream);
    else if (frame.type === "regions") {
      for (const [id, html] of Object.entries(frame.regions)) swap(id, html);
      updatedAt = now();
    } else if (frame.type === "refused") refused(frame);
    drawState();
  }

  function takeEvents(frame, stream) {
    if (frame.after > stream.seq) { // a gap: ask for what came after our last one
      link.leave(frame.stream);
      link.follow(frame.stream);
      return;
    }
    const events = frame.events.filter((event) => event.seq > stream.seq);
    if (!events.length) return;
    stream.seq = events.at(-1).seq;
    updatedAt = now();
    const detail = { stream: frame.stream, seq: stream.seq, events };
    if (frame.within) setTimeout(() => tell(detail), frame.within * 1000 * Math.random());
    else tell(detail);
  }

  /* Regions that fetch themselves hear of it. One that is asking at this moment would lose the news
     with the element that its answer replaces: it is told again when that has happened. */
  function tell(detail) {
    const asking = document.querySelector(`.htmx-request[hx-trigger*="live:${detail.stream} "]`);
    const again = () => tell({ ...detail, events: [] });
    if (asking) document.body.addEventListener("htmx:afterSettle", again, { once: true });
    document.body.dispatchEvent(new CustomEvent(`live:${detail.stream}`, { detail }));
  }

  function refused(frame) {
    streams.delete(frame.stream);
    if (frame.signed_in) return link?.leave(frame.stream);
    signedOut = true;
    hangUp();
  }

  // -- replacing a region ------------------------------------------------------------------------

  function swap(id, html) {
    const old = document.getElementById(id);
    const template = document.createElement("template");
    template.innerHTML = html.trim();
    const fresh = template.content.firstElementChild;
    if (!old || !fresh) return;
    keepToggles(fresh);
    localise(fresh);
    if (old.isEqualNode(fresh)) return;
    const focus = focusIn(old), scrolls = scrollsIn(old), values = valuesIn(old);
    easeBars(fresh);
    keepFetched(fresh);
    old.replaceWith(fresh);
    window.htmx?.process(fresh);
    for (const [one, left, top] of scrolls) document.getElementById(one)?.scrollTo(left, top);
    refocus(fresh, focus);
    for (const element of fresh.querySelectorAll("[data-live-value][id]")) {
      if (values.has(element.id) && values.get(element.id) !== element.textContent) flash(element);
    }
    say(old, fresh);
    scan();
  }

  function keepToggles(root) {
    const panels = root.matches("details[id]") ? [root] : [];
    for (const panel of [...panels, ...root.querySelectorAll("details[id]")]) {
      if (toggled.has(panel.id)) panel.open = toggled.get(panel.id);
    }
  }

  /* What its reader has fetched into a pushed region stays, as long as it is about the same thing. */
  function keepFetched(fresh) {
    for (const place of fresh.querySelectorAll("[data-live-keep][id]")) {
      const before = document.getElementById(place.id);
      if (before?.dataset.liveKeep === place.dataset.liveKeep) place.replaceWith(before);
    }
  }

  /* A bar starts where its predecessor stood, so that the style sheet can ease it forward. */
  function easeBars(fresh) {
    for (const bar of fresh.querySelectorAll("progress[id]")) {
      const before = document.getElementById(bar.id)?.value, now = bar.value;
      if (before === undefined || before >= now) continue;
      bar.value = before;
      requestAnimationFrame(() => requestAnimationFrame(() => { bar.value = now; }));
    }
  }

  const FOCUSABLE = "a[href], button, summary, input, select, textarea, [tabindex]";

  function focusIn(root) {
    const active = document.activeElement;
    if (!active || !root.contains(active)) return null;
    const { id, selectionStart, selectionEnd, value } = active;
    const place = [...root.querySelectorAll(FOCUSABLE)].indexOf(active);
    return { id, place, tag: active.tagName, selectionStart, selectionEnd, value };
  }

  function refocus(root, focus) {
    if (!focus) return;
    const nth = root.querySelectorAll(FOCUSABLE)[focus.place];
    const element = (focus.id && document.getElementById(focus.id)) || nth;
    if (!element || element.tagName !== focus.tag) return;
    element.focus({ preventScroll: true });
    if (typeof focus.selectionStart === "number") {
      element.value = focus.value;
      element.setSelectionRange(focus.selectionStart, focus.selectionEnd);
    }
  }

  const scrollsIn = (root) => [root, ...root.querySelectorAll("[id]")]
    .filter((one) => one.id && (one.scrollTop || one.scrollLeft))
    .map((one) => [one.id, one.scrollLeft, one.scrollTop]);

  const valuesIn = (root) => new Map(
    [...root.querySelectorAll("[data-live-value][id]")].map((one) => [one.id, one.textContent]));

  function flash(element) {
    element.classList.add("just-changed");
    setTimeout(() => element.classList.remove("just-changed"), 1200);
  }

  document.addEventListener("click", (event) => {
    const panel = event.target.closest?.("summary")?.parentElement;
    if (panel?.id && !event.defaultPrevented) toggled.set(panel.id, !panel.open);
  });

  /* An address that ends in #step-train opens what the step lies in, as if its reader had. */
  function openTarget() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let panel = target; panel; panel = panel.parentElement.closest("details")) {
      if (panel.tagName !== "DETAILS") continue;
      panel.open = true;
      if (panel.id) toggled.set(panel.id, true);
    }
    target.scrollIntoView({ block: "center" });
  }

  /* Paper shows every phase; afterwards they are again as they were. */
  function unfold() {
    const closed = [...document.querySelectorAll("details.phase:not([open])")];
    for (const panel of closed) panel.open = true;
    addEventListener("afterprint", () => { for (const panel of closed) panel.open = false; }, { once: true });
  }

  // -- what is said ------------------------------------------------------------------------------

  let saidAt = 0, sayTimer = 0;

  function say(old, fresh) {
    const spoken = (root) => (root.matches("[data-live-say]") ? root : root.querySelector("[data-live-say]"));
    const element = spoken(fresh), text = element?.dataset.liveSay;
    if (!text || text === spoken(old)?.dataset.liveSay) return;
    const wait = "liveSayNow" in element.dataset ? 0 : Math.max(0, saidAt + SAY_PAUSE - Date.now());
    clearTimeout(sayTimer);
    sayTimer = setTimeout(() => {
      saidAt = Date.now();
      part("live-status").textContent = text;
    }, wait);
  }

  function part(id) {
    let element = document.getElementById(id);
    if (element) return element;
    element = document.createElement(id === "live-banner" ? "div" : "p");
    element.id = id;
    if (id === "live-status") {
      element.setAttribute("aria-live", "polite");
      element.className = "visually-hidden";
    }
    if (id === "live-banner") element.setAttribute("role", "alert");
    document.body.append(element);
    return element;
  }

  function state() {
    if (signedOut) return "signed-out";
    if (!streams.size) return "off";
    if (linked) return "live";
    return lostAt && Date.now() - lostAt > BANNER_AFTER ? "paused" : "catching-up";
  }

  const clock = (at) => format(at, { timeStyle: "medium" });

  function drawState() {
    const current = state(), dot = part("live-state"), time = clock(updatedAt);
    const words = {
      live: word("live", { time }), off: word("off"), paused: word("paused", { time: clock(shownAt) }),
      "catching-up": word("catchingUp"), "signed-out": word("signedOut"),
    };
    dot.dataset.state = current;
    write(dot.querySelector(".live-word") || dot, words[current]);
    drawBanner(current, words[current]);
  }

  function drawBanner(current, text) {
    const banner = part("live-banner");
    if (current !== "paused" && current !== "signed-out") {
      if (banner.childElementCount) banner.replaceChildren();
      return;
    }
    if (!banner.childElementCount) {
      const line = document.createElement("p"), wait = document.createElement("span");
      wait.setAttribute("aria-hidden", "true"); // a countdown is not read out every second
      line.append(document.createElement("span"), " ", wait);
      banner.append(line);
    }
    const [said, wait] = banner.querySelectorAll("p > span");
    const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
    write(said, text);
    write(wait, current === "paused" && retryAt ? word("retry", { wait: seconds }) : "");
  }

  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  // -- times -------------------------------------------------------------------------------------

  const timeZone = document.documentElement.dataset.timeZone || undefined;
  const format = (at, options) =>
    new Intl.DateTimeFormat(language, { hourCycle: "h23", timeZone, ...options }).format(at);
  const HOUR = { hour: "2-digit", minute: "2-digit" };

  function calendar(at, month = "numeric") {
    const spelled = new Intl.DateTimeFormat(language, { day: "numeric", month, year: "numeric", timeZone });
    return Object.fromEntries(spelled.formatToParts(at).map((one) => [one.type, one.value]));
  }

  const dayNumber = ({ year, month, day }) => Date.UTC(year, month - 1, day) / 864e5;

  function dated(at) {
    const { day, month, year } = calendar(at, "short");
    return { day, month, year };
  }

  function relative(at) {
    const days = dayNumber(calendar(now())) - dayNumber(calendar(at));
    if (days === 0) return format(at, HOUR);
    if (days > 0 && days < 7) return `${format(at, { weekday: "short" })} ${format(at, HOUR)}`;
    const { day, month, year } = dated(at);
    return [day, month, year !== calendar(now()).year && year].filter(Boolean).join(" ");
  }

  function span(ms) {
    const seconds = Math.max(0, Math.floor(ms / 1000)), minutes = Math.floor(seconds / 60);
    const two = (value) => String(value).padStart(2, "0");
    if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
    return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  }

  const SPELL = {
    clock: relative,
    seconds: (at) => format(at, { ...HOUR, second: "2-digit" }),
    full: (at) => `${Object.values(dated(at)).join(" ")}, ${format(at, HOUR)}`,
    elapsed: (at) => span(now() - at),
    countdown: (at) => span(at - now()),
  };

  function localise(root) {
    const times = root.matches?.("time[datetime]") ? [root] : [];
    for (const time of [...times, ...root.querySelectorAll("time[datetime]")]) {
      const at = Date.parse(time.dateTime), spell = SPELL[time.dataset.as || "clock"];
      // A date without a time of day is a fact of the calendar, not an instant: leave it alone.
      if (!spell || Number.isNaN(at) || !time.dateTime.includes("T")) continue;
      write(time, spell(at));
      const full = `${format(at, { dateStyle: "full", timeStyle: "long" })} · ${new Date(at).toISOString()}`;
      if (time.title !== full) time.title = full;
    }
  }

  // -- messages of htmx --------------------------------------------------------------------------

  // What comes in above a field would push it below the buttons that stay at the foot. One that was
  // scrolled away is left alone.
  let typedIn = null;
  const noteField = () => {
    const field = document.activeElement;
    const place = field && field.matches("input, textarea") ? field.getBoundingClientRect() : null;
    typedIn = place && place.bottom > 0 && place.top < innerHeight ? field : null;
  };
  const keepInSight = () => { if (typedIn) typedIn.scrollIntoView({ block: "nearest" }); };

  document.addEventListener("htmx:beforeSwap", (event) => {
    // A refusal names the place for its message; htmx would drop a reply that is an error.
    if (event.detail.xhr.getResponseHeader("HX-Retarget")) event.detail.shouldSwap = true;
    keepAnswer(event);
  });

  /* A region is not swapped away under a question that its reader is answering, nor under a form that
     is on its way: what is said to it would have no place. It catches up then. */
  function keepAnswer(event) {
    const { requestConfig, target } = event.detail;
    const dialog = target?.querySelector?.(":popover-open");
    const sent = target?.querySelector?.("form.htmx-request[method=post]");
    if (!(dialog || sent) || requestConfig.verb !== "get") return;
    event.detail.shouldSwap = false;
    const catchUp = () => { for (const [stream, { seq }] of streams) tell({ stream, seq, events: [] }); };
    if (dialog) dialog.addEventListener("toggle", catchUp, { once: true });
    else document.body.addEventListener("htmx:afterSettle", catchUp, { once: true });
  }

  document.addEventListener("htmx:sendError", () => {
    const toast = document.createElement("p");
    toast.className = "toast error";
    toast.textContent = word("unanswered");
    part("toasts").append(toast);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) navigator.clipboard?.writeText(button.dataset.copy).then(() => flash(button));
    const here = event.target.closest?.("[data-copy-link]");
    if (here) navigator.clipboard?.writeText(here.href).then(() => flash(here));
  });

  // -- life of the page --------------------------------------------------------------------------

  function settle(root) {
    keepToggles(root);
    localise(root);
    scan();
  }

  function everySecond() {
    for (const time of document.querySelectorAll("time[data-as=elapsed], time[data-as=countdown]")) localise(time);
    if (linked && Date.now() - touchedAt > SILENCE_LIMIT) lost(link);
    const patience = socketWorked ? UPGRADE_PAUSE.known : UPGRADE_PAUSE.unknown;
    if (linked && link.kind !== "socket" && !forced && Date.now() - linkedAt > patience) {
      hangUp();
      failures = 0;
      connect();
    }
    drawState();
  }

  document.addEventListener("htmx:afterSwap", () => keepToggles(document.body));
  document.addEventListener("htmx:oobBeforeSwap", noteField);
  document.addEventListener("htmx:oobAfterSwap", keepInSight);
  document.addEventListener("htmx:load", (event) => settle(event.detail.elt));
  addEventListener("hashchange", openTarget);
  addEventListener("beforeprint", unfold);
  addEventListener("pagehide", hangUp);
  addEventListener("pageshow", (event) => event.persisted && scan());
  addEventListener("online", () => { if (retryTimer) { hangUp(); connect(); } });
  setInterval(everySecond, 1000);
  setInterval(() => localise(document.body), 30000);
  settle(document.body);
  openTarget();
})();
