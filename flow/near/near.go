// Package near finds the word that somebody probably meant.
package near

import "strings"

// longest is the length of a word that is looked at, in bytes: more is no slip.
const longest = 64

// Word is the nearest of known words, whatever the case, the first of equals;
// empty if more than most letters would have to change.
func Word(word string, known []string, most int) string {
	if len(word) > longest {
		return ""
	}
	best, least := "", most+1
	for _, k := range known {
		if d := Distance(strings.ToLower(word), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// Distance counts the letters to insert, drop, replace or swap with the next
// (optimal string alignment) to make b of a.
func Distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := last[j]
			if a[i] != b[j] {
				cost++
			}
			row[j+1] = min(cost, row[j]+1, last[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
