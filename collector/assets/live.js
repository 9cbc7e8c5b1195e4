// Keeps the page true without reloading it: on a change the page is fetched again and its live parts are replaced.
// What a person typed, opened or focused stays; a row that says something new glows once. Everything works without it.
"use strict";
(() => {
  const QUIET_MS = 150;
  const STALE_MS = 30000;
  const LOST_MS = 4500;
  let busy = false;
  let again = false;
  let timer = 0;
  let lost = 0;

  const controls = (root) => root.querySelectorAll("input[id]:not([type=hidden]), textarea[id], select[id]");

  function isTyped(control) {
    if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
    if (control.tagName === "SELECT") return [...control.options].some((o) => o.selected !== o.defaultSelected);
    return control.value !== control.defaultValue;
  }

  // What the person did to this part of the page, by the ids of its elements.
  function remember(root) {
    const typed = [...controls(root)].filter(isTyped).map((c) => [c.id, c.value, c.checked]);
    const open = [...root.querySelectorAll("details[id][open]")].map((d) => d.id);
    const versions = new Map([...root.querySelectorAll("[data-version]")].map((r) => [r.id, r.dataset.version]));
    const active = root.contains(document.activeElement) ? document.activeElement : null;
    const selection = active && "selectionStart" in active ? [active.selectionStart, active.selectionEnd] : null;
    return { typed, open, versions, focus: active && active.id, selection };
  }

  function restore(root, kept) {
    for (const [id, value, checked] of kept.typed) {
      const control = document.getElementById(id);
      if (!control || !root.contains(control)) continue;
      if (control.type === "checkbox" || control.type === "radio") control.checked = checked;
      else control.value = value;
    }
    for (const id of kept.open) document.getElementById(id)?.setAttribute("open", "");
    for (const row of root.querySelectorAll("[data-version]")) {
      if (kept.versions.get(row.id) !== row.dataset.version) row.classList.add("arrived");
    }
    const focus = kept.focus && document.getElementById(kept.focus);
    if (!focus) return;
    focus.focus({ preventScroll: true });
    if (kept.selection && kept.selection[0] !== null) {
      try { focus.setSelectionRange(...kept.selection); } catch { /* a kind of input without a selection */ }
    }
  }

  function swap(fresh) {
    const [x, y] = [window.scrollX, window.scrollY];
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.getElementById(part.id);
      if (!next) continue;
      const kept = remember(part);
      part.replaceChildren(...document.importNode(next, true).childNodes);
      restore(part, kept);
    }
    document.title = fresh.title;
    window.scrollTo(x, y);
  }

  async function refresh() {
    if (busy) { again = true; return; }
    // A list of choices that is open would close under the finger.
    if (document.activeElement?.tagName === "SELECT") { soon(2000); return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", headers: { accept: "text/html" } });
      if (answer.redirected) { location.assign(answer.url); return; }
      if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
      setOffline(false);
    } catch {
      setOffline(true);
    } finally {
      busy = false;
      if (again) { again = false; soon(QUIET_MS); }
    }
  }

  function soon(wait) {
    clearTimeout(timer);
    timer = setTimeout(refresh, wait);
  }

  function setOffline(offline) {
    const note = document.getElementById("offline");
    if (note) note.hidden = !offline;
  }

  // A stream that ends by plan is back within its retry; one that is not is told of.
  function connected(is) {
    if (is) { clearTimeout(lost); lost = 0; setOffline(false); return; }
    if (!lost) lost = setTimeout(() => { lost = 0; setOffline(true); }, LOST_MS);
  }

  // One stream a browser: whoever holds the lock listens and tells the other tabs.
  function listen(tell) {
    const source = new EventSource("/live");
    source.addEventListener("change", () => { tell("change"); soon(QUIET_MS); });
    source.addEventListener("open", () => { connected(true); tell("online"); });
    source.addEventListener("error", () => { connected(false); tell("offline"); });
  }

  if (navigator.locks && "BroadcastChannel" in window) {
    const channel = new BroadcastChannel("nearmiss-live");
    channel.addEventListener("message", ({ data }) => {
      if (data === "change") soon(QUIET_MS);
      else connected(data === "online");
    });
    navigator.locks.request("nearmiss-live", () => new Promise(() => listen((word) => channel.postMessage(word))));
  } else {
    listen(() => {});
  }
  // Ages and clocks move on though nothing happened.
  setInterval(() => { if (!document.hidden) refresh(); }, STALE_MS);
  window.addEventListener("offline", () => setOffline(true));
  window.addEventListener("online", () => soon(QUIET_MS));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(QUIET_MS); });
})();
