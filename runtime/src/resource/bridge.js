// A page's bridge to its host (MCP Apps, 2026-01-26): JSON-RPC 2.0 by postMessage, with the page that holds this one and
// with nobody else. It gives `host`: `connect`, once, then `request`; `words` reads what a tool said in text.
"use strict";
const host = (() => {
  const waiting = new Map();
  let lastId = 0, page = {};

  function post(message) {
    parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
  }

  function request(method, params) {
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      post({ id, method, params });
    });
  }

  addEventListener("message", ({ source, data }) => {
    if (source !== parent || data?.jsonrpc !== "2.0") return;
    if (data.method) return data.id === undefined ? hear(data.method, data.params ?? {}) : answer(data);
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error) call?.reject(new Error(data.error.message));
    else call?.resolve(data.result);
  });

  function answer({ id, method }) {
    if (method === "ping" || method === "ui/resource-teardown") post({ id, result: {} });
    else post({ id, error: { code: -32601, message: `This page does not know ${method}.` } });
  }

  function hear(method, params) {
    if (method === "ui/notifications/tool-result") page.onResult?.(params);
    if (method === "ui/notifications/tool-cancelled") page.onCancelled?.();
    if (method === "ui/notifications/host-context-changed") dress(params);
  }

  // The host's theme and colours, where it has any.
  function dress({ theme, styles }) {
    const root = document.documentElement.style;
    if (theme) root.colorScheme = theme;
    for (const [name, value] of Object.entries(styles?.variables ?? {})) {
      if (name.startsWith("--") && value) root.setProperty(name, value);
    }
  }

  function tellSize() {
    const { width, height } = page.body.getBoundingClientRect();
    post({ method: "ui/notifications/size-changed", params: { width: Math.ceil(width), height: Math.ceil(height) } });
  }

  return {
    request,

    // Begins: `name`, the element `body` whose size the host is told, and `onResult`, `onCancelled`, `onError`.
    async connect(newPage) {
      page = newPage;
      try {
        const { hostContext } = await request("ui/initialize", {
          protocolVersion: "2026-01-26",
          appInfo: { name: page.name, version: "1.0.0" },
          appCapabilities: { availableDisplayModes: ["inline"] },
        });
        dress(hostContext ?? {});
        post({ method: "ui/notifications/initialized" });
        new ResizeObserver(tellSize).observe(page.body);
      } catch (error) {
        page.onError?.(error);
      }
    },

    words(result) {
      const texts = (result.content ?? []).filter((part) => part.type === "text").map((part) => part.text);
      return texts.join("\n");
    },
  };
})();
