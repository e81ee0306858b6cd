package flood

import _ "embed"

//go:embed words.en.md
var english string

//go:embed words.fr.md
var french string

// words tell the alerts in plain language.
func words() map[string]string { return map[string]string{"en": english, "fr": french} }
