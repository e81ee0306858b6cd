(function () {
  const json = (id) => JSON.parse(document.getElementById(id).textContent);
  const list = document.getElementById("list");
  if (!list) return;
  const index = json("index"), all = index.findings;
  const names = ["info", "low", "medium", "high", "critical"], shapes = ["○", "●", "■", "▲", "◆"];
  const ID = 0, SEVERITY = 1, TIME = 2, RULE = 3, SUBJECT = 4, TITLE = 5, SUMMARY = 6, COUNT = 7, STATUS = 8, ACCUSED = 9, TARGET = 10, KNOWN = 11, RISK = 12;
  const t = (s) => index.words[s] || s;
  const number = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

  // clean spells out what acts on the display instead of being seen.
  const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
  const clean = (s) => String(s).replace(hidden, (c) => {
    if (c === "\n") return "\\n";
    if (c === "\r") return "\\r";
    if (c === "\t") return "\\t";
    const n = c.codePointAt(0);
    return n < 128 ? "\\x" + n.toString(16).padStart(2, "0") : "\\u" + (n > 0xffff ? "{" + n.toString(16) + "}" : n.toString(16).padStart(4, "0"));
  });

  // el makes an element of texts and elements; nothing is ever parsed.
  const el = (tag, className, ...children) => {
    const e = document.createElement(tag);
    if (className) e.className = className;
    for (const c of children) e.append(c instanceof Node ? c : clean(c));
    return e;
  };
  const badge = (severity) => {
    const shape = el("span", "", shapes[severity]);
    shape.setAttribute("aria-hidden", "true");
    return el("span", "badge " + names[severity], shape, " " + t(names[severity]));
  };

  // --- the list -------------------------------------------------------------
  const page = 100;
  let order = [], shown = 0;
  const at = new Map();
  all.forEach((f, i) => { if (!at.has(f[ID])) at.set(f[ID], i); });
  const words = new Array(all.length);
  const text = (i) => {
    if (words[i] === undefined) {
      const f = all[i], r = index.rules[f[RULE]];
      words[i] = [f[ID], f[SUBJECT], f[TITLE], f[SUMMARY], r[0], r[1], f[KNOWN], f[ACCUSED], f[TARGET], names[f[SEVERITY]]].join(" ").toLowerCase();
    }
    return words[i];
  };
  const $ = (id) => document.getElementById(id);
  const q = $("q"), host = $("host"), detector = $("detector"), sort = $("sort"), more = $("more"), told = $("shown"), form = $("controls");
  const seen = new Set(all.map((f) => index.rules[f[RULE]][0]));
  for (const d of [...seen].sort()) {
    const o = el("option", "", d);
    o.value = d;
    detector.append(o);
  }
  const picked = (name) => new Set([...form.querySelectorAll("input[name=" + name + "]:checked")].map((e) => e.value));
  const sorts = {
    severity: null,
    early: (a, b) => (all[a][TIME] < all[b][TIME] ? -1 : all[a][TIME] > all[b][TIME] ? 1 : a - b),
    late: (a, b) => (all[a][TIME] > all[b][TIME] ? -1 : all[a][TIME] < all[b][TIME] ? 1 : a - b),
    risk: (a, b) => all[b][RISK] - all[a][RISK] || a - b,
    count: (a, b) => all[b][COUNT] - all[a][COUNT] || a - b,
  };
  const status = form.querySelector("input[name=status]") !== null;

  function filter() {
    const terms = q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const h = host.value.trim(), severities = picked("severity"), statuses = picked("status");
    order = [];
    for (let i = 0; i < all.length; i++) {
      const f = all[i];
      if (!severities.has(String(f[SEVERITY]))) continue;
      if (status && f[STATUS] && !statuses.has(f[STATUS])) continue;
      if (detector.value && index.rules[f[RULE]][0] !== detector.value) continue;
      if (h && f[ACCUSED] !== h && f[TARGET] !== h) continue;
      if (terms.length && !terms.every((w) => text(i).includes(w))) continue;
      order.push(i);
    }
    if (sorts[sort.value]) order.sort(sorts[sort.value]);
    list.replaceChildren();
    shown = 0;
    extend(page);
    told.textContent = number(order.length) + " " + t("of") + " " + number(all.length) + " " + t("findings");
    if (!order.length) list.append(el("p", "muted", t("No finding fits the filter.")));
  }

  function extend(to) {
    const part = document.createDocumentFragment();
    for (; shown < Math.min(to, order.length); shown++) part.append(row(order[shown]));
    list.append(part);
    more.hidden = shown >= order.length;
  }

  function row(i) {
    const f = all[i], d = el("details", "f card");
    d.id = "f-" + f[ID];
    d.dataset.at = i;
    const title = el("span", "t", f[TITLE] || f[SUMMARY]);
    if (f[STATUS]) title.append(" ", el("span", "tag", t(f[STATUS])));
    const when = f[TIME].slice(0, 10) + " " + f[TIME].slice(11, 19) + (f[COUNT] > 1 ? " · " + number(f[COUNT]) + "×" : "");
    const s = el("summary", "", el("span", "", badge(f[SEVERITY])), title, el("span", "w", when));
    s.append(el("span", "d", f[SUMMARY] && f[TITLE] ? f[SUMMARY] : f[SUBJECT]));
    d.append(s);
    d.addEventListener("toggle", () => { if (d.open && d.childElementCount === 1) d.append(body(i)); });
    return d;
  }

  const chunks = new Map();
  const details = (i) => {
    const c = Math.floor(i / index.chunk);
    if (!chunks.has(c)) {
      chunks.clear(); // one block at a time is enough
      chunks.set(c, json("d" + c));
    }
    return chunks.get(c)[i % index.chunk];
  };

  // --- a finding ------------------------------------------------------------
  function body(i) {
    const f = all[i], d = details(i), a = d.alert, b = el("div", "body");
    const heading = (s) => b.append(el("h4", "", t(s)));
    const items = (title, numbers) => {
      if (!numbers) return;
      heading(title);
      b.append(el("ul", "", ...numbers.map((n) => el("li", "", index.texts[n]))));
    };
    let line = a.first_seen + (a.last_seen !== a.first_seen ? " – " + a.last_seen : "");
    if (a.count > 1) line += " · " + t("met") + " " + number(a.count) + " " + t("times");
    if (a.confidence) line += " · " + t("confidence") + " " + a.confidence.toFixed(2);
    b.append(el("p", "small muted", line + " · " + a.detector + "/" + a.rule + " · " + f[SUBJECT]));
    if (d.what) b.append(el("p", "", d.what));
    for (const c of a.charts || []) {
      const picture = draw(c);
      if (picture) b.append(el("figure", "chart", picture, el("figcaption", "small muted", c.title)));
    }
    if (d.measured) {
      heading("Measured against");
      b.append(el("p", "", d.measured));
    }
    if (d.facts.length) {
      heading("Numbers and thresholds");
      const held = d.facts.filter((r) => r[2]);
      if (held.length) b.append(table("facts", ["number", "value", "threshold"], held));
      const alone = d.facts.filter((r) => !r[2]);
      if (alone.length) b.append(el("ul", "kv", ...alone.map((r) => el("li", r[1].length > 32 ? "wide" : "", el("span", "muted", r[0]), " " + r[1]))));
    }
    if (d.why !== undefined) {
      heading("Why it matters");
      b.append(el("p", "", index.texts[d.why]));
    }
    items("What else it could be", d.else);
    items("What to check next", d.next);
    if (a.annotations) {
      heading("Known of the addresses");
      for (const n of a.annotations) b.append(el("p", "small", el("span", "mono", n.ip + " "), el("span", "", n.key + ": " + n.value), el("span", "muted", " (" + n.source + ")")));
    }
    if (a.evidence.length) {
      heading("Flows behind it");
      b.append(table("", ["time", "protocol", "flow", "state", "volume", "file and row"], a.evidence.map(flow)));
      const rest = a.flows - a.evidence.length;
      if (rest > 0) b.append(el("p", "small muted", t("and") + " " + number(rest) + " " + t("more flows")));
    }
    if (d.look) {
      heading("To see the flows");
      b.append(el("p", "", el("code", "", d.look)));
    }
    b.append(el("p", "small muted", "id " + a.id + (a.attack.length ? " · ATT&CK " + a.attack.join(" ") : "")));
    return b;
  }

  function table(className, titles, rows) {
    const head = el("tr", "", ...titles.map((s) => { const h = el("th", "", t(s)); h.scope = "col"; return h; }));
    return el("div", "scroll", el("table", className, head, ...rows.map((r) => el("tr", "", ...r.map((c) => el("td", "", c))))));
  }

  const volume = (v) => {
    const p = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let i = 0;
    while (i < p.length - 1 && Math.abs(v) >= 999.5) { v /= 1000; i++; }
    return Number(v.toPrecision(3)) + " " + p[i];
  };
  function flow(r) {
    const end = (ip, port) => (port === undefined ? ip : ip.includes(":") ? "[" + ip + "]:" + port : ip + ":" + port);
    let bytes = "-";
    if (r.src_bytes !== undefined && r.dst_bytes !== undefined) bytes = volume(r.src_bytes) + " " + t("out") + ", " + volume(r.dst_bytes) + " " + t("in");
    else if (r.src_bytes !== undefined || r.dst_bytes !== undefined) bytes = volume(r.src_bytes || r.dst_bytes) + " " + t("sent");
    return [r.ts || "-", r.protocol || "-", r.src_ip ? end(r.src_ip, r.src_port) + " → " + end(r.dst_ip, r.dst_port) : "-", r.state || "-", bytes, r.file + ":" + r.row];
  }

  // --- pictures, as package svg draws them ------------------------------------
  const NS = "http://www.w3.org/2000/svg";
  const node = (tag, attributes, ...children) => {
    const e = document.createElementNS(NS, tag);
    for (const k in attributes) e.setAttribute(k, typeof attributes[k] === "number" ? Math.round(attributes[k] * 10) / 10 : attributes[k]);
    for (const c of children) e.append(c instanceof Node ? c : clean(c));
    return e;
  };
  const short = (v) => {
    const p = ["", "k", "M", "G", "T", "P", "E"];
    let i = 0;
    while (i < p.length - 1 && Math.abs(v) >= 999.5) { v /= 1000; i++; }
    return Number(v.toPrecision(3)) + p[i];
  };
  const nice = (v) => {
    const p = 10 ** Math.floor(Math.log10(v));
    return [1, 2, 5, 10].map((m) => m * p).find((s) => s >= v * (1 - 1e-9)) || 10 * p;
  };
  const across = (s) => 6.6 * [...s].length;
  const cut = (s, n) => { const c = [...clean(s)]; return c.length > n ? c.slice(0, n - 1).join("") + "…" : c.join(""); };
  const size = (v) => (v > 0 && v < 1e300 ? v : 0);
  const two = (n) => String(n).padStart(2, "0");
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const day = (d) => d.getUTCDate() + " " + months[d.getUTCMonth()] + " " + d.getUTCFullYear();
  const clock = (d, s) => two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()) + (s ? ":" + two(d.getUTCSeconds()) : "");
  const moment = (v) => new Date(Math.min(Math.max(v, -62135596800), 253402300799) * 1000);

  function draw(c) {
    const values = c.values.map(size), format = c.y.unit === "bytes" || c.y.unit === "B" ? volume : short;
    const name = (x) => x.name + (x.unit && x.unit !== x.name && x.unit !== "bytes" && x.unit !== "B" ? " (" + x.unit + ")" : "");
    const begin = (kind, w, h, desc) => node("svg", { class: "s s-" + kind, viewBox: "0 0 " + Math.round(w) + " " + Math.round(h), width: w, height: h, role: "img", "aria-label": clean(c.title + ". " + desc) }, node("title", {}, c.title), node("desc", {}, desc));
    const put = (s, cls, x, y, anchor, label) => s.append(node("text", { class: cls, x, y, "text-anchor": anchor }, label));
    const rect = (s, cls, x, y, width, height, tip) => s.append(node("rect", { class: cls, x, y, width, height }, ...(tip ? [node("title", {}, tip)] : [])));
    const line = (s, cls, x1, y1, x2, y2) => s.append(node("path", { class: cls, d: "M" + x1.toFixed(1) + " " + y1.toFixed(1) + "L" + x2.toFixed(1) + " " + y2.toFixed(1) }));
    if (c.kind === "matrix") return matrix();
    const xs = c.x.at || [];
    if (!xs.length) return c.x.labels ? bars(c.x.labels) : null;
    const n = Math.min(xs.length, values.length);
    if (!n) return null;
    const most = Math.max(...values);
    const w = 640, h = 190, top = 22, low = h - 38, right = w - 16, width = n > 1 ? xs[n - 1] - xs[n - 2] : 1;
    let x0 = xs[0], x1 = xs[n - 1] + width;
    if (!(x1 - x0 > 0 && x1 - x0 < 1e300)) { x0 = 0; x1 = 1; }
    const high = Math.max(most, c.level !== undefined ? size(c.level) : 0);
    const steps = [0], step = high > 1e-300 ? Math.max(nice(high / 3), high >= 1 ? 1 : 0) : 1;
    while (steps[steps.length - 1] < high * (1 - 1e-9) || steps.length < 2) steps.push(Number((step * steps.length).toPrecision(12)));
    const ceil = steps[steps.length - 1];
    const left = Math.max(56, ...steps.map((v) => across(format(v)) + 12));
    const X = (v) => left + ((v - x0) / (x1 - x0)) * (right - left), Y = (v) => low - (Math.min(v, ceil) / ceil) * (low - top);
    const s = begin(c.kind === "timeline" ? "series" : "columns", w, h, n + " " + t("bins") + ", " + t("at most") + " " + format(most));
    for (const v of steps) {
      line(s, v ? "s-grid" : "s-axis", left, Y(v), right, Y(v));
      put(s, "s-label", left - 8, Y(v) + 4, "end", format(v));
    }
    put(s, "s-name", 4, 12, "start", name(c.y));
    for (let i = 0; i < n; i++) {
      if (!values[i]) continue;
      const from = xs[i], to = i + 1 < n ? xs[i + 1] : from + width, a = X(from), b = X(to), gap = Math.min(1, (b - a) / 6), y = Math.min(Y(values[i]), low - 1);
      const where = c.kind === "timeline" ? day(moment(from)) + " " + clock(moment(from), width < 60) : short(from) + " – " + short(to);
      rect(s, "s-fill", a + gap / 2, y, Math.max(b - a - gap, 0.8), Math.max(low - y, 1), where + ": " + format(values[i]));
    }
    const tick = (v, label) => {
      const x = X(v), half = across(label) / 2;
      if (x < left - 0.5 || x > right + 0.5) return;
      line(s, "s-axis", x, low, x, low + 4);
      put(s, "s-label", Math.min(Math.max(x, half), w - half), low + 16, "middle", label);
    };
    let under = "";
    if (c.kind === "timeline") {
      let step = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2419200, 7862400, 31536000].find((v) => (x1 - x0) / v <= 6) || 31536000;
      while ((x1 - x0) / step > 12) step *= 2;
      let last = "";
      if (step >= 86400) under = "UTC";
      const first = Math.ceil(x0 / step - 1e-9);
      for (let i = 0; i < 13; i++) {
        const v = (first + i) * step;
        if (v > x1) break;
        const d = moment(v);
        tick(v, step >= 86400 ? day(d) : clock(d, step < 60));
        if (step < 86400 && day(d) !== last) {
          last = day(d);
          const half = across(last) / 2;
          put(s, "s-name", Math.min(Math.max(X(v), half), w - half), low + 30, "middle", last);
        }
      }
    } else {
      const step = nice((x1 - x0) / 6), first = Math.ceil(x0 / step - 1e-9);
      for (let i = 0; i < 12; i++) {
        const v = Number(((first + i) * step).toPrecision(12));
        if (v <= x1) tick(v, short(v));
      }
      under = name(c.x);
    }
    if (c.level !== undefined && c.level <= ceil) {
      line(s, "s-level", left, Y(c.level), right, Y(c.level));
      put(s, "s-note", right, Y(c.level) - 4, "end", c.level_label || "");
    }
    if (c.mark !== undefined && c.mark >= x0 && c.mark <= x1) {
      const x = X(c.mark), over = x > (left + right) / 2;
      line(s, "s-mark", x, top - 4, x, low);
      put(s, "s-note", x + (over ? -5 : 5), top - 8, over ? "end" : "start", c.mark_label || "");
    }
    if (under) put(s, "s-name", (left + right) / 2, h - 4, "middle", under);
    return s;

    function bars(labels) {
      const n = Math.min(labels.length, values.length), w = 640, most = Math.max(0, ...values.slice(0, n));
      const left = Math.min(Math.max(60, ...labels.map((l) => across(cut(l, 40)) + 12)), w * 0.45), right = Math.max(40, ...values.map((v) => across(format(v)) + 14));
      const s = begin("bars", w, n * 24 + 8, n + " " + t("bins") + ", " + t("at most") + " " + format(most));
      for (let i = 0; i < n; i++) {
        const y = 4 + i * 24, length = values[i] ? Math.max((values[i] / most) * (w - left - right), 1) : 0;
        put(s, "s-label", left - 8, y + 16, "end", cut(labels[i], Math.floor((left - 12) / 6.6)));
        rect(s, "s-fill", left, y + 5, length, 14, labels[i] + ": " + format(values[i]));
        put(s, "s-value", left + length + 6, y + 16, "start", format(values[i]));
      }
      return s;
    }

    function matrix() {
      const columns = c.x.labels || [], rows = c.y.labels || [], cell = 18, top = 64, kinds = ["no flow", "not answered", "refused", "answered"];
      if (columns.length * rows.length !== values.length) return null;
      const left = Math.max(60, ...rows.map((r) => across(cut(r, 40)) + 12)), count = [0, 0, 0, 0];
      for (const v of values) if (v in count) count[v]++;
      const s = begin("matrix", Math.max(left + cell * columns.length + 24, 380), top + cell * rows.length + 30, [3, 2, 1].map((k) => count[k] + " " + t(kinds[k])).join(", "));
      const mark = (k, x, y, tip) => {
        if (tip && kinds[k]) tip += ": " + t(kinds[k]);
        if (k === 3) rect(s, "s-yes", x + 2, y + 2, 14, 14, tip);
        else if (k === 2 || k === 1) rect(s, "s-no", x + 2.5, y + 2.5, 13, 13, tip);
        else rect(s, "s-dot", x + 8, y + 8, 2, 2, tip);
        if (k === 2) {
          line(s, "s-cross", x + 5, y + 5, x + 13, y + 13);
          line(s, "s-cross", x + 13, y + 5, x + 5, y + 13);
        }
      };
      columns.forEach((l, j) => s.append(node("text", { class: "s-label", transform: "translate(" + (left + cell * (j + 0.5) + 3).toFixed(1) + " " + (top - 6) + ") rotate(-55)" }, cut(l, 12))));
      rows.forEach((r, i) => {
        put(s, "s-label", left - 8, top + cell * (i + 0.5) + 4, "end", cut(r, 40));
        columns.forEach((l, j) => mark(values[i * columns.length + j], left + cell * j, top + cell * i, r + " " + l));
      });
      let x = left;
      for (let k = 3; k > 0; k--) {
        mark(k, x, top + cell * rows.length + 8, "");
        put(s, "s-label", x + cell + 2, top + cell * rows.length + 21, "start", t(kinds[k]));
        x += cell + 14 + across(t(kinds[k]));
      }
      return s;
    }
  }

  // --- what the reader does -----------------------------------------------------
  function open(id) {
    const i = at.get(id);
    if (i === undefined) return;
    let place = order.indexOf(i);
    if (place < 0) {
      reset();
      place = order.indexOf(i);
    }
    if (place >= shown) extend(place + 1);
    const d = list.children[place];
    d.open = true;
    d.scrollIntoView();
    d.querySelector("summary").focus({ preventScroll: true });
  }
  const follow = () => { if (location.hash.startsWith("#f-")) open(location.hash.slice(3)); };
  function reset() {
    form.reset();
    filter();
  }
  let wait = 0;
  q.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(filter, 120); });
  host.addEventListener("change", filter);
  for (const e of [detector, sort]) e.addEventListener("change", filter);
  for (const e of form.querySelectorAll("input[type=checkbox]")) e.addEventListener("change", filter);
  form.addEventListener("submit", (e) => { e.preventDefault(); filter(); });
  $("all").addEventListener("click", reset);
  more.addEventListener("click", () => {
    const first = shown;
    extend(shown + page);
    list.children[first].querySelector("summary").focus();
  });
  for (const a of document.querySelectorAll("a.filter")) a.addEventListener("click", () => { form.reset(); host.value = a.dataset.host; filter(); });
  for (const a of document.querySelectorAll("ol.first a")) a.addEventListener("click", (e) => { e.preventDefault(); history.replaceState(null, "", a.getAttribute("href")); follow(); });
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) return;
    if (e.key === "/") {
      e.preventDefault();
      q.focus();
      return;
    }
    if (e.key !== "j" && e.key !== "k") return;
    const here = document.activeElement && document.activeElement.closest("#list > details");
    let next = here ? (e.key === "j" ? here.nextElementSibling : here.previousElementSibling) : list.firstElementChild;
    if (!next && e.key === "j" && shown < order.length) {
      extend(shown + page);
      next = here.nextElementSibling;
    }
    if (next && next.querySelector("summary")) next.querySelector("summary").focus();
  });
  addEventListener("hashchange", follow);
  filter();
  follow();
})();
