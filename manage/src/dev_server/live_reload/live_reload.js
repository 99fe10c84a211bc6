// Loads the page again when the project has changed. The development server adds this script to whole HTML
// documents; it is not there in production.
(() => {
  "use strict";
  const tag = document.currentScript;
  const page = Number(tag.dataset.page);
  let css = Number(tag.dataset.css);
  const answersPost = tag.dataset.method === "POST";
  const key = "nuages-scroll:" + location.pathname + location.search;
  let typed = false, events = null, badge = null, leaving = false;

  // A form that somebody has typed into is not thrown away.
  addEventListener("input", (event) => {
    const form = event.target.closest && event.target.closest("form, [contenteditable]");
    if (event.isTrusted && form) typed = true;
  }, true);
  addEventListener("reset", () => { typed = false; }, true);

  function reload() {
    if (leaving) return;
    leaving = true;
    try { sessionStorage.setItem(key, scrollX + " " + scrollY); } catch { /* storage is forbidden here */ }
    location.reload();
  }

  function restoreScroll() {
    let saved = null;
    try {
      saved = sessionStorage.getItem(key);
      sessionStorage.removeItem(key);
    } catch { /* storage is forbidden here */ }
    if (saved) scrollTo(...saved.split(" ").map(Number));
  }

  // A small note with a button, in a shadow tree: the page's own styles and policy do not reach it.
  function offer(text) {
    if (badge) return;
    badge = document.createElement("nuages-badge");
    const root = badge.attachShadow({ mode: "open" });
    const style = new CSSStyleSheet();
    style.replaceSync(
      ":host { all: initial; position: fixed; right: 12px; bottom: 12px; z-index: 2147483647; }" +
      "button { font: 500 14px/1.3 system-ui, sans-serif; color: #fff; background: #1f4f8f; border: 0;" +
      " border-radius: 999px; padding: 9px 16px; cursor: pointer; box-shadow: 0 2px 10px #0006; }" +
      "button:hover { background: #2962ad; } button:focus-visible { outline: 3px solid #8ab4f8; }");
    root.adoptedStyleSheets = [style];
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    // A page that answers a POST is left by its address: loading it again would send the form again.
    button.addEventListener("click", () => {
      if (answersPost) location.href = location.href.split("#")[0];
      else reload();
    });
    root.append(button);
    document.documentElement.append(badge);
  }

  function swapStyles() {
    for (const link of document.querySelectorAll('link[rel~="stylesheet"][href]')) {
      const url = new URL(link.href);
      if (url.origin !== location.origin) continue;
      url.searchParams.set("nuages", css);
      const next = link.cloneNode();
      next.href = url;
      // The old sheet stays until the new one is there, so that the page does not flash.
      next.addEventListener("load", () => link.remove());
      next.addEventListener("error", () => link.remove());
      link.after(next);
    }
  }

  function show(building) {
    const bar = document.querySelector("[data-nuages=bar]");
    const text = document.querySelector("[data-nuages=progress]");
    if (!bar || !text || !building) return;
    if (building.starting) {
      text.textContent = "Starting the program";
      bar.value = bar.max;
      return;
    }
    const seconds = building.seconds === null ? "" : Math.round(building.seconds) + " s";
    if (building.blocked) {
      text.textContent = "Another cargo, perhaps your editor's, works in the target folder. Waiting for it: " + seconds;
    } else if (building.total) {
      bar.max = building.total;
      bar.value = building.done;
      text.textContent = building.done + " of " + building.total + " crates, " + seconds +
        (building.current ? ": " + building.current : "");
    } else {
      text.textContent = "Building: " + seconds;
    }
  }

  function receive(state) {
    show(state.building);
    if (state.page !== page) {
      // While a build runs, the new page is not there yet; the last one stays.
      if (state.building && !document.querySelector("[data-nuages=bar]")) return;
      if (answersPost) offer("The project has changed: open the page again");
      else if (typed) offer("The project has changed: load again");
      else reload();
    } else if (state.css !== css) {
      css = state.css;
      swapStyles();
    }
  }

  // One connection for each visible tab: browsers allow six to a host.
  function connect() {
    if (events || document.visibilityState === "hidden") return;
    events = new EventSource("/__nuages/events");
    events.onmessage = (event) => receive(JSON.parse(event.data));
  }

  function disconnect() {
    if (events) events.close();
    events = null;
  }

  addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") disconnect();
    else connect();
  });
  // A page that comes back from the cache compares itself again.
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", () => { leaving = false; connect(); });
  addEventListener("load", restoreScroll);
  connect();
})();
