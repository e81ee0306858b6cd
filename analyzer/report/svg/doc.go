// Package svg draws the charts of a report as SVG that stands inside an HTML
// page: bars, columns over numbers, series over time, a matrix, a sparkline.
//
// Each function is pure: the same data gives the same bytes. A drawing has a
// title and a description for those who do not see it, takes its colours from
// classes that [Style] defines in terms of the page's variables, and has no
// style attribute, so that a strict content security policy lets it be. Texts
// may be hostile: they are escaped, and what acts on the display is replaced.
package svg
