package svg

// Style are the rules of a style sheet that drawings need. The colours come
// from variables of the page: --ink, --muted, --line, --accent, --mark.
const Style = `
.s{display:block;max-width:100%;height:auto;overflow:visible}
.s text{font:11px/1 var(--sans,system-ui,sans-serif);fill:var(--muted,#555)}
.s .s-value,.s .s-note{fill:var(--ink,#111)}
.s .s-note{font-weight:600}
.s .s-fill{fill:var(--accent,#1f6f8b)}
.s .s-axis{stroke:var(--muted,#555);fill:none}
.s .s-grid{stroke:var(--line,#ddd);fill:none}
.s .s-mark{stroke:var(--mark,#b3261e);stroke-width:1.5;stroke-dasharray:4 3;fill:none}
.s .s-level{stroke:var(--mark,#b3261e);stroke-width:1.5;stroke-dasharray:2 3;fill:none}
.s .s-yes{fill:var(--mark,#b3261e)}
.s .s-no{fill:none;stroke:var(--muted,#555)}
.s .s-cross{stroke:var(--muted,#555);fill:none}
.s .s-dot{fill:var(--line,#ccc)}
`
