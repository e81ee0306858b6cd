// Package where is the expression language of Seine, used wherever a
// condition is taken: which flows to read, which alerts to suppress, what a
// rule of the user's own looks for.
//
// [Compile] makes a [Filter] of a condition on flows. The same language on
// other subjects, alerts or aggregates of groups, takes a [Schema]: the names
// that the subject has and how their values are had. The grammar is that of
// the expr language, whose parser reads the text; types, messages and meaning
// are ours, and a tree of functions is compiled, with all constants resolved:
// an address list is a sorted table, a regular expression is asked once for
// each text of the run.
//
// Conditions have three truths, as in SQL: what is absent compares neither
// true nor false, and "not" does not change that. Only what certainly holds
// is kept.
package where
