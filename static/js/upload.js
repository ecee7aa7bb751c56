// The upload form: how many bytes have gone, a way to stop, and files that outlive a refusal.
// htmx sends the form and tells of its progress; without this file the form sends itself.
(() => {
  const form = () => document.querySelector("form[data-upload]");
  const part = (name) => document.querySelector(`[data-upload-${name}]`);
  const megabytes = (bytes) => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
  let chosen = new Map();

  const say = (name, values = {}) => {
    const text = form().dataset[name] || "";
    part("said").textContent = text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  };

  function sending(busy) {
    part("progress").hidden = !busy;
    part("start").disabled = busy;
    if (busy) part("bar").value = 0;
  }

  // A new form comes without the files that were chosen in the old one: give them back.
  function remember() {
    const inputs = form().querySelectorAll("input[type=file]");
    chosen = new Map([...inputs].map((input) => [input.id, input.files]));
  }

  function giveBack() {
    for (const [id, files] of chosen) {
      const input = document.getElementById(id);
      if (input && files.length && !input.hasAttribute("aria-invalid")) input.files = files;
    }
    form().querySelector("[aria-invalid]")?.focus();
  }

  const isOurs = (event) => event.target.matches?.("form[data-upload]");
  const on = (name, act) => document.addEventListener(name, (event) => isOurs(event) && act(event));

  on("htmx:beforeSend", () => {
    sending(true);
    say("sending", { percent: 0, done: "0", all: "…" });
  });
  on("htmx:xhr:progress", ({ detail }) => {
    const bar = part("bar");
    if (!detail.lengthComputable || bar.value === 100) return;
    bar.value = (100 * detail.loaded) / detail.total;
    const all = megabytes(detail.total);
    if (detail.loaded === detail.total) say("checking", { all });
    else say("sending", { percent: Math.floor(bar.value), done: megabytes(detail.loaded), all });
  });
  on("htmx:beforeSwap", remember);
  on("htmx:xhr:abort", () => {
    sending(false);
    part("fate").hidden = false;
    part("fate").textContent = form().dataset.cancelled;
  });
  for (const name of ["htmx:sendError", "htmx:responseError"]) {
    on(name, () => {
      sending(false);
      part("fate").hidden = false;
      part("fate").textContent = form().dataset.failed;
    });
  }
  document.addEventListener("htmx:afterSwap", () => form() && chosen.size && giveBack());
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-upload-stop]")) window.htmx.trigger(form(), "htmx:abort");
  });
})();
