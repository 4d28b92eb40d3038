"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const two = data.images.length > 1;
  const SHOWN_ROWS = 400;
  const MOST_BOXES = 2500;
  const HEADER = 15;
  const SEVERAL = -1;
  const HIDDEN = -2;

  // --- words and figures: foreign text only ever becomes textContent or an attribute's value ---

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== undefined && value !== null) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== undefined && child !== null));
    return element;
  }

  function size(count) {
    if (count === null || count === undefined) return "unknown";
    let value = Math.abs(count);
    let unit = 0;
    const units = ["B", "kB", "MB", "GB", "TB"];
    while (unit < 4 && value >= 1000) { value /= 1000; unit += 1; }
    const text = unit < 2 ? value.toFixed(0) : value.toFixed(unit < 4 ? 1 : 2);
    return `${count < 0 ? "-" : ""}${text} ${units[unit]}`;
  }

  const exact = (count) => `${count.toLocaleString("en")} bytes`;
  const growth = (count) => (count > 0 ? `+${size(count)}` : size(count));
  const share = (part, whole) => (whole ? `${(100 * part / whole).toFixed(1)} %` : "");

  // --- the tree, as it is written: parents stand before their children ---

  const { name, parent, count, sizes, layers, kind } = data.nodes;
  const nodes = name.map((text, id) => ({
    id, name: text, parent: null, children: [], count: count[id],
    size: sizes.map((column) => column[id]), layer: layers.map((column) => column[id]), kind: kind[id], hidden: false,
  }));
  nodes.forEach((node, id) => {
    if (id === 0) return;
    node.parent = nodes[parent[id]];
    node.parent.children.push(node);
  });
  for (let id = nodes.length - 1; id > 0; id -= 1) {
    const node = nodes[id];
    node.size.forEach((part, image) => { node.parent.size[image] += part; });
    node.parent.count += node.count;
  }

  function path(node) {
    const parts = [];
    for (let one = node; one && one.parent; one = one.parent) parts.push(title(one));
    return `${node.layerOf !== undefined ? "" : "/"}${parts.reverse().join("/")}`;
  }

  function title(node) {
    if (node.parent === null && node.name === "") return "/";
    if (node.name) return node.name;
    return node.count === 1 ? "(1 smaller file)" : `(${node.count.toLocaleString("en")} smaller files)`;
  }

  /** The tree of one image, layer by layer: what each has that is to be seen, and what a later one hides. */
  function byLayer(image) {
    const top = { id: -1, name: "all layers", parent: null, children: [], count: 0, size: [0, 0], layer: [-1, -1], kind: -1, layerOf: -1 };
    const roots = new Map();
    const copies = new Map();
    function rootOf(number) {
      if (!roots.has(number)) {
        const text = number < 0 ? "(small files of several layers)" : `${number + 1}. ${data.images[image].layers[number].text}`;
        const root = { ...top, name: text, parent: top, children: [], size: [0, 0], layer: [number, number], layerOf: number };
        roots.set(number, root);
        top.children.push(root);
      }
      return roots.get(number);
    }
    function copyOf(node, number) {
      if (node.parent === null) return rootOf(number);
      const key = `${node.id} ${number}`;
      if (!copies.has(key)) {
        const above = copyOf(node.parent, number);
        const copy = { ...node, parent: above, children: [], size: [0, 0], count: 0, layer: [number, number], layerOf: number };
        above.children.push(copy);
        copies.set(key, copy);
      }
      return copies.get(key);
    }
    function put(leaf, bytes) {
      leaf.size[image] = bytes;
      for (let one = leaf.parent; one; one = one.parent) { one.size[image] += bytes; one.count += leaf.count; }
    }
    data.images[image].layers.forEach((_, number) => rootOf(number));
    for (const node of nodes) {
      if (node.children.length || !node.size[image]) continue;
      const copy = copyOf(node, node.layer[image]);
      copy.count = node.count;
      put(copy, node.size[image]);
    }
    data.images[image].layers.forEach((layer, number) => {
      if (!layer.waste) return;
      const root = rootOf(number);
      const leaf = { ...root, name: "hidden by later layers", parent: root, children: [], size: [0, 0], count: 0, hidden: true };
      root.children.push(leaf);
      put(leaf, layer.waste);
    });
    return top;
  }

  // --- what is being looked at ---

  const layered = [];
  const state = { image: two ? 2 : 0, view: "folders", colour: "layer", root: nodes[0], only: null, tab: 0, search: "", sort: null, down: true };

  function top() {
    if (state.view === "folders" || state.image === 2) return nodes[0];
    layered[state.image] ??= byLayer(state.image);
    return layered[state.image];
  }

  const value = (node) => (state.image === 2 ? Math.max(node.size[0], node.size[1]) : node.size[state.image]);
  const layerOf = (node) => node.layer[state.image === 2 ? 1 : state.image];
  const hue = (number) => Math.round((number * 137.508 + 205) % 360);
  const tone = (number) => (number < 0 ? "var(--none)" : `hsl(${hue(number)} var(--chroma) var(--tone))`);

  /** What a node counts as where colours are told apart: its own, or that of most of its bytes. */
  function group(node) {
    if (state.image === 2) return Math.sign(node.size[1] - node.size[0]);
    const own = (one) => (one.hidden ? HIDDEN : state.colour === "layer" ? layerOf(one) : one.kind);
    if (!node.children.length) return own(node);
    const sums = new Map();
    const todo = [node];
    while (todo.length) {
      const one = todo.pop();
      if (one.children.length) todo.push(...one.children);
      else sums.set(own(one), (sums.get(own(one)) || 0) + value(one));
    }
    return [...sums].reduce((best, each) => (each[1] > best[1] ? each : best), [SEVERAL, -1])[0];
  }

  /** The colour of what is told apart; of a node that changed in part, the paler the smaller that part is. */
  function fill(which, node) {
    if (state.image !== 2) return tone(which);
    const full = `var(--${["less", "same", "more"][which + 1]})`;
    if (!node || !which) return full;
    const changed = Math.abs(node.size[1] - node.size[0]) / value(node);
    return `color-mix(in srgb, ${full} ${Math.round(10 + 90 * changed)}%, var(--same))`;
  }

  // --- the treemap: squarified (Bruls, Huizing, van Wijk 2000), nested while there is room ---

  function squarified(children, box) {
    const found = [];
    let { x, y, w, h } = box;
    let rest = children.reduce((sum, each) => sum + value(each), 0);
    let start = 0;
    while (start < children.length && rest > 0 && w > 0 && h > 0) {
      const side = Math.min(w, h);
      const scale = (w * h) / rest;
      let end = start;
      let sum = 0;
      let worst = Infinity;
      while (end < children.length) {
        const next = sum + value(children[end]);
        const area = next * scale;
        const first = value(children[start]) * scale;
        const last = value(children[end]) * scale;
        const ratio = Math.max((side * side * first) / (area * area), (area * area) / (side * side * last));
        if (ratio > worst) break;
        worst = ratio; sum = next; end += 1;
      }
      const thick = (sum * scale) / side;
      let offset = 0;
      for (let index = start; index < end; index += 1) {
        const long = sum ? (value(children[index]) / sum) * side : 0;
        found.push(w >= h
          ? { node: children[index], x, y: y + offset, w: thick, h: long }
          : { node: children[index], x: x + offset, y, w: long, h: thick });
        offset += long;
      }
      if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
      rest -= sum;
      start = end;
    }
    return found;
  }

  function boxes(root, box) {
    const found = [];
    let level = [{ node: root, ...box, depth: 0 }];
    while (level.length && found.length < MOST_BOXES) {
      const next = [];
      for (const each of level) {
        const inner = each.depth === 0
          ? each
          : { x: each.x + 2, y: each.y + HEADER, w: each.w - 4, h: each.h - HEADER - 2 };
        if (inner.w < 8 || inner.h < 8) continue;
        const children = each.node.children.filter((child) => value(child) > 0).sort((a, b) => value(b) - value(a));
        for (const one of squarified(children, inner)) {
          if (one.w < 2 || one.h < 2 || found.length >= MOST_BOXES) continue;
          one.depth = each.depth + 1;
          found.push(one);
          next.push(one);
        }
      }
      level = next;
    }
    return found;
  }

  function about(node) {
    const whole = value(top());
    const said = [path(node)];
    if (state.image === 2) {
      said.push(`${size(node.size[0])} → ${size(node.size[1])} (${growth(node.size[1] - node.size[0])})`);
    } else {
      said.push(`${size(value(node))} (${exact(value(node))}), ${share(value(node), whole)}`);
    }
    if (node.children.length) said.push(`${node.count.toLocaleString("en")} files`);
    const which = layerOf(node);
    if (state.image !== 2 && which >= 0) said.push(`layer ${which + 1}: ${data.images[state.image].layers[which].text}`);
    if (node.kind >= 0) said.push(data.kinds[node.kind].join(" "));
    return said.join(" · ");
  }

  let drawn = [];

  function draw(focus) {
    const map = at("map");
    map.replaceChildren();
    const here = { x: 0, y: 0, w: map.clientWidth, h: map.clientHeight };
    drawn = boxes(state.root, here);
    drawn.forEach((one, index) => {
      const which = group(one.node);
      const button = make("button", { type: "button", "data-index": index, tabindex: index === 0 ? 0 : -1, "aria-label": about(one.node) });
      if (one.node.hidden) button.classList.add("hidden");
      if (state.only !== null && which !== state.only) button.classList.add("dim");
      button.style.left = `${one.x}px`;
      button.style.top = `${one.y}px`;
      button.style.width = `${one.w}px`;
      button.style.height = `${one.h}px`;
      button.style.background = fill(which, one.node);
      if (one.w > 24 && one.h > 13) button.append(make("span", {}, one.h > 30 || one.w > 110 ? `${title(one.node)}  ${size(value(one.node))}` : title(one.node)));
      one.element = button;
      map.append(button);
    });
    trail();
    legend();
    if (focus && drawn.length) drawn[0].element.focus();
    if (!drawn.length) map.append(make("p", {}, "There is nothing here that takes room."));
  }

  function zoom(node, focus) {
    if (!node || !node.children.length) return;
    state.root = node;
    draw(focus);
    say(about(node));
    remember();
  }

  function say(text) { at("said").textContent = text; }

  function trail() {
    const parts = [];
    for (let one = state.root; one; one = one.parent) {
      if (parts.length) parts.unshift(">");
      parts.unshift(make("button", { type: "button", onclick: () => zoom(one, true) }, title(one)));
    }
    at("trail").replaceChildren(...parts);
  }

  function legend() {
    const sums = new Map();
    const todo = [state.root];
    while (todo.length) {
      const one = todo.pop();
      if (one.children.length) todo.push(...one.children);
      else sums.set(group(one), (sums.get(group(one)) || 0) + (state.image === 2 ? one.size[1] - one.size[0] || one.size[0] : value(one)));
    }
    const ranked = [...sums].filter(([, sum]) => sum).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
    at("legend").replaceChildren(...ranked.map(([which, sum]) => {
      const swatch = make("span", { class: "swatch" });
      swatch.style.background = fill(which);
      const pressed = state.only === which;
      const text = `${label(which)}  ${state.image === 2 && which ? growth(sum) : size(sum)}`;
      const button = make("button", { type: "button", "aria-pressed": pressed, title: text, onclick: () => only(which) }, swatch, text);
      return make("li", {}, button);
    }));
  }

  function label(which) {
    if (state.image === 2) return ["smaller or gone", "same size", "larger or new"][which + 1];
    if (which === HIDDEN) return "hidden by later layers";
    if (which === SEVERAL) return state.colour === "layer" ? "several layers" : "several kinds";
    return state.colour === "layer"
      ? `${which + 1}. ${data.images[state.image].layers[which].text}`
      : data.kinds[which].join(" ");
  }

  function only(which) {
    state.only = state.only === which ? null : which;
    draw(false);
    const pressed = at("legend").querySelector("[aria-pressed=true]");
    if (pressed) pressed.focus();
  }

  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function keys(event) {
    const one = drawn[Number(event.target.dataset.index)];
    if (MOVES[event.key] && one) {
      event.preventDefault();
      const next = nearest(one, ...MOVES[event.key]);
      if (next) next.element.focus();
    } else if (event.key === "Backspace" || event.key === "Escape") {
      event.preventDefault();
      zoom(state.root.parent, true);
    }
  }

  function nearest(from, dx, dy) {
    const middle = (one) => [one.x + one.w / 2, one.y + one.h / 2];
    const [x, y] = middle(from);
    let best = null;
    let least = Infinity;
    for (const one of drawn) {
      if (one === from || one.depth !== from.depth) continue;
      const [ox, oy] = middle(one);
      const along = (ox - x) * dx + (oy - y) * dy;
      const across = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
      if (along > 1 && along + 2 * across < least) { least = along + 2 * across; best = one; }
    }
    return best;
  }

  function touched(event) { return drawn[Number(event.target.closest("button")?.dataset.index)]; }

  // --- tables: columns are names with their type; rows are arrays ---

  const FORMATS = { bytes: size, growth, count: (n) => n.toLocaleString("en"), text: (text) => text ?? "", code: (text) => text ?? "", layer: (n) => (n < 0 ? "" : n + 1) };
  const numeric = (type) => !["text", "code"].includes(type);
  let folded = [];

  function files() {
    const rows = [];
    const names = [];
    nodes.forEach((node, id) => {
      names[id] = id === 0 ? "" : `${names[node.parent.id]}/${title(node)}`;
      if (id === 0) return;
      const folder = node.children.length > 0;
      const row = [names[id] + (folder ? "/" : ""), ...node.size];
      if (two) row.push(node.size[1] - node.size[0]);
      else row.push(folder ? -1 : node.layer[0]);
      row.push(node.count, folder || node.kind < 0 ? "" : data.kinds[node.kind][0], folder || node.kind < 0 ? "" : data.kinds[node.kind][1]);
      rows.push(row);
    });
    const middle = two ? [["first", "bytes"], ["second", "bytes"], ["growth", "growth"]] : [["bytes", "bytes"], ["layer", "layer"]];
    return { title: "Files and folders", about: "flattened", columns: [["path", "text"], ...middle, ["files", "count"], ["kind", "text"], ["rule", "code"]], rows, total: rows.length, sort: two ? 3 : 1 };
  }

  const tables = [files(), ...data.tables];

  function show(tab) {
    state.tab = tab;
    const table = tables[tab];
    state.sort = table.sort;
    // what changed most shall stand first, also where an image shrank
    state.down = table.columns[table.sort][1] !== "growth" || nodes[0].size[1] >= nodes[0].size[0];
    folded = table.rows.map((row) => row.filter((_, column) => !numeric(table.columns[column][1])).join("\n").toLowerCase());
    [...at("tabs").children].forEach((button, index) => button.setAttribute("aria-selected", String(index === tab)));
    list();
    remember();
  }

  function list() {
    const table = tables[state.tab];
    const words = state.search.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = table.rows.filter((_, index) => words.every((word) => folded[index].includes(word)));
    const column = state.sort;
    const sign = state.down ? -1 : 1;
    const rank = (cell) => cell ?? (numeric(table.columns[column][1]) ? -1 : "");
    rows.sort((a, b) => {
      const left = rank(a[column]);
      const right = rank(b[column]);
      return sign * (left < right ? -1 : Number(left > right));
    });
    const heads = table.columns.map(([text, type], index) => {
      const sorted = index === column ? (state.down ? "descending" : "ascending") : "none";
      const mark = index === column ? (state.down ? " ↓" : " ↑") : "";
      return make("th", { scope: "col", "aria-sort": sorted, class: numeric(type) ? "number" : undefined },
        make("button", { type: "button", "data-column": index, onclick: () => sortBy(index) }, text + mark));
    });
    const lines = rows.slice(0, SHOWN_ROWS).map((row) => make("tr", {}, ...row.map((cell, index) => cellOf(cell, table.columns[index][1]))));
    at("table").replaceChildren(make("caption", { hidden: "" }, table.title), make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...lines));
    const held = table.total > table.rows.length ? `, ${table.rows.length.toLocaleString("en")} of which are in this page` : "";
    const more = rows.length > SHOWN_ROWS ? `, the first ${SHOWN_ROWS} shown` : "";
    at("count").textContent = `${rows.length.toLocaleString("en")} of ${table.total.toLocaleString("en")} rows${held}${more}${table.note ? `. ${table.note}` : ""}`;
  }

  function cellOf(cell, type) {
    const text = cell === null && type !== "text" && type !== "code" ? "–" : FORMATS[type](cell);
    const turn = type === "growth" && cell ? (cell > 0 ? " up" : " down") : "";
    const exactly = (type === "bytes" || type === "growth") && cell !== null ? exact(cell) : undefined;
    return make("td", { class: `${numeric(type) ? "number" : type}${turn}`, title: exactly }, String(text));
  }

  function sortBy(column) {
    state.down = state.sort === column ? !state.down : numeric(tables[state.tab].columns[column][1]);
    state.sort = column;
    list();
    at("table").querySelector(`[data-column="${column}"]`).focus();
  }

  // --- the address says what is looked at, so that a link shows the same ---

  function remember() {
    const parts = [];
    for (let one = state.root; one.parent; one = one.parent) parts.unshift(encodeURIComponent(title(one)));
    const words = new URLSearchParams({ path: parts.join("/"), view: state.view, colour: state.colour, table: state.tab });
    if (two) words.set("image", state.image);
    if (state.search) words.set("search", state.search);
    history.replaceState(null, "", `#${words}`);
  }

  function decoded(text) {
    try { return decodeURIComponent(text); } catch { return text; }
  }

  function recall() {
    const words = new URLSearchParams(location.hash.slice(1));
    if (["folders", "layers"].includes(words.get("view"))) state.view = words.get("view");
    if (["layer", "kind"].includes(words.get("colour"))) state.colour = words.get("colour");
    if (two && ["0", "1", "2"].includes(words.get("image"))) state.image = Number(words.get("image"));
    state.root = top();
    for (const part of (words.get("path") || "").split("/").filter(Boolean).map(decoded)) {
      const next = state.root.children.find((child) => title(child) === part && child.children.length);
      if (!next) break;
      state.root = next;
    }
    state.search = words.get("search") || "";
    return Math.min(Math.max(0, Number(words.get("table")) || 0), tables.length - 1);
  }

  function controls() {
    const pick = (id, choices, key) => {
      const select = at(id);
      select.replaceChildren(...choices.map(([code, text]) => make("option", { value: code }, text)));
      select.value = state[key];
      select.addEventListener("change", () => {
        state[key] = key === "image" ? Number(select.value) : select.value;
        state.only = null;
        state.root = top();
        enable();
        draw(false);
        remember();
      });
    };
    pick("view", [["folders", "by folder"], ["layers", "by layer"]], "view");
    pick("colour", [["layer", "the layer"], ["kind", "the kind"]], "colour");
    pick("image", two ? [["2", "what changed"], ["0", "the first"], ["1", "the second"]] : [["0", "the image"]], "image");
    at("image").parentElement.hidden = !two;
    at("tabs").replaceChildren(...tables.map((table, index) => make("button", { type: "button", role: "tab", "aria-selected": "false", onclick: () => show(index) }, `${table.title}`)));
    at("search").value = state.search;
    at("search").addEventListener("input", () => { state.search = at("search").value; list(); remember(); });
    at("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !["INPUT", "SELECT"].includes(document.activeElement.tagName)) { event.preventDefault(); at("search").focus(); }
    });
    const map = at("map");
    map.addEventListener("keydown", keys);
    map.addEventListener("click", (event) => { const one = touched(event); if (one) zoom(one.node.children.length ? one.node : one.node.parent, true); });
    map.addEventListener("focusin", (event) => { const one = touched(event); if (one) say(about(one.node)); });
    map.addEventListener("mouseover", (event) => { const one = touched(event); if (one) say(about(one.node)); });
    at("up").addEventListener("click", () => zoom(state.root.parent, false));
    let width = map.clientWidth;
    new ResizeObserver(() => {
      if (map.clientWidth === width) return;
      width = map.clientWidth;
      draw(false);
    }).observe(map);
  }

  function enable() {
    at("view").disabled = at("colour").disabled = state.image === 2;
    if (state.image === 2) at("view").value = state.view = "folders";
  }

  function theme(which) {
    document.documentElement.dataset.theme = which;
    at("theme").textContent = which === "dark" ? "Light" : "Dark";
  }

  theme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const tab = recall();
  controls();
  enable();
  draw(false);
  show(tab);
  document.documentElement.dataset.ready = "yes";
})();
