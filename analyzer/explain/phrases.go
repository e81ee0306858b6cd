package explain

// phrases are the sentences that belong to every alert.
type phrases struct {
	at       string // "Seen at %s."
	between  string // first, last, span
	times    string // how often
	flows    [2]string
	sure     string // confidence in percent, word
	sureness [4]string
	status   [4]string // by detectors.Status
	severity [5]string
	expected string // role, where that is told
	unlikely string

	headings [7]string // what, measured, why, else, next, known, look
	why      string    // of a rule without words
	see      string    // step: read the documentation
	lookAt   string    // step
	facts    string    // "The numbers: %s."
	by       string    // told in other words by
	keys     map[string]string
}

var englishPhrases = phrases{
	at:       "Seen on %s.",
	between:  "Seen from %s to %s (%s).",
	times:    "It was raised %s" + nbsp + "times.",
	flows:    [2]string{"%s" + nbsp + "flow supports it.", "%s" + nbsp + "flows support it."},
	sure:     "The detector is %s sure (%s confidence).",
	sureness: [4]string{"low", "moderate", "high", "very high"},
	status: [4]string{"", "The earlier run did not have this finding.", "The earlier run had this finding too.",
		"Only the earlier run had this finding: it is gone."},
	severity: [5]string{"info", "low", "medium", "high", "critical"},
	expected: "It is expected of a machine whose role is %s (%s), and told as info for that reason.",
	unlikely: "It is unlike a machine whose role is %s (%s), which makes it more credible.",
	headings: [7]string{"What happened", "Measured against", "Why it matters", "What else it could be", "What to check next", "Known of the addresses", "Flows to look at"},
	why:      "The rule marks: %s.",
	see:      "Read how the detector decides, and what looks like it: seine explain %s",
	lookAt:   "Look at the flows with the command below, and at what the address did before and after.",
	facts:    "The numbers that decided: %s.",
	by:       "Put in other words by the language model %s; numbers and addresses were checked against the alert.",
}

var frenchPhrases = phrases{
	at:       "Vu le %s.",
	between:  "Vu du %s au %s (%s).",
	times:    "L’alerte a été levée %s" + nbsp + "fois.",
	flows:    [2]string{"%s" + nbsp + "flux l’étaye.", "%s" + nbsp + "flux l’étayent."},
	sure:     "Le détecteur en est sûr à %s (confiance %s).",
	sureness: [4]string{"faible", "moyenne", "élevée", "très élevée"},
	status: [4]string{"", "L’analyse précédente n’avait pas ce constat.", "L’analyse précédente avait déjà ce constat.",
		"Seule l’analyse précédente avait ce constat" + nbsp + ": il a disparu."},
	severity: [5]string{"info", "faible", "moyenne", "élevée", "critique"},
	expected: "C’est attendu d’une machine dont le rôle est %s (%s), et donc signalé pour information.",
	unlikely: "Cela ne ressemble pas à une machine dont le rôle est %s (%s), ce qui le rend plus crédible.",
	headings: [7]string{"Ce qui s’est passé", "Par rapport à quoi", "Pourquoi c’est important", "Ce que cela peut être d’autre", "Ce qu’il faut vérifier ensuite", "Ce que l’on sait des adresses", "Flux à examiner"},
	why:      "La règle signale" + nbsp + ": %s.",
	see:      "Lire comment le détecteur décide et ce qui lui ressemble" + nbsp + ": seine explain %s",
	lookAt:   "Examiner les flux avec la commande ci-dessous, et ce que l’adresse a fait avant et après.",
	facts:    "Les nombres qui ont décidé" + nbsp + ": %s.",
	by:       "Reformulé par le modèle de langue %s" + narrow + "; nombres et adresses ont été comparés à l’alerte.",
	keys: map[string]string{
		"asset": "machine", "role": "rôle", "owner": "responsable", "criticality": "criticité", "country": "pays", "asn": "AS",
		"service": "service", "intel": "renseignement", "vulnerability": "vulnérabilité",
	},
}
