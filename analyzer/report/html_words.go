package report

// A wordList gives the labels of a page in another language.
type wordList map[string]string

func (w wordList) of(label string) string {
	if t, ok := w[label]; ok {
		return t
	}
	return label
}

// scriptWords are the labels that the script needs.
var scriptWords = []string{
	"critical", "high", "medium", "low", "info", "new", "known", "gone", "Measured against", "Numbers and thresholds", "number", "value",
	"threshold", "Why it matters", "What else it could be", "What to check next", "Known of the addresses", "Flows behind it", "To see the flows",
	"time", "protocol", "flow", "state", "volume", "file and row", "out", "in", "sent", "met", "times", "confidence", "and", "more flows", "findings",
	"of", "No finding fits the filter.", "not answered", "refused", "answered", "no flow", "at most", "bins",
}

// words are the labels by language. English is as they are written.
var words = map[string]wordList{"fr": french}

var french = wordList{
	"critical": "critique", "high": "élevée", "medium": "moyenne", "low": "faible", "info": "information",
	"new": "nouvelle", "known": "connue", "gone": "disparue",
	"Seine report": "Rapport Seine", "To the findings": "Aller aux alertes", "What the net brought up": "Ce que le filet a ramené",
	"Traffic": "Trafic", "The most by each": "Les plus gros, par critère",
	"Sections": "Rubriques", "Look at first": "À voir d’abord", "Over time": "Dans le temps", "Hosts by risk": "Machines par risque",
	"Findings": "Alertes", "Not observable": "Non observable", "Data quality": "Qualité des données", "Light": "Clair", "Dark": "Sombre",
	"No flows were read, so nothing can be said.":                      "Aucun flux n’a été lu : on ne peut rien dire.",
	"Nothing was found in %s flows.":                                   "Rien n’a été trouvé dans %s flux.",
	"Findings of an earlier run, read back: %s.":                       "Alertes d’une analyse précédente, relues : %s.",
	"One finding in one flow.":                                         "Une alerte dans un flux.",
	"One finding in %s flows.":                                         "Une alerte dans %s flux.",
	"%s findings in %s flows.":                                         "%s alertes dans %s flux.",
	"One file was read":                                                "Un fichier a été lu",
	"%s files were read":                                               "%s fichiers ont été lus",
	", with flows from %s to %s UTC":                                   ", avec des flux de %s à %s UTC",
	"One host stands out.":                                             "Une machine se distingue.",
	"%s hosts stand out.":                                              "%s machines se distinguent.",
	"The run was interrupted: this is what had been found until then.": "L’analyse a été interrompue : voici ce qui avait été trouvé.",
	"Look at this first":                                               "À regarder d’abord", "%s has a risk of %s of 100.": "%s a un risque de %s sur 100.",
	"Findings over time": "Alertes dans le temps", "findings": "alertes", "each column is": "chaque colonne fait", "the most are at": "le maximum est à",
	"The same as a table": "Le même en tableau", "time": "heure",
	"How likely a host is up to something, from 0 to 100, by what the findings say of it. A score is a rank, not a proof.": "À quel point une machine est suspecte, de 0 à 100, d’après les alertes. Un score est un rang, pas une preuve.",
	"%d more hosts": "%d autres machines",
	"%s hosts of less risk are not listed; seine hosts writes the whole ranking.": "%s machines moins risquées ne sont pas listées ; seine hosts donne tout le classement.",
	"Its findings": "Ses alertes", "tactics": "tactiques", "It is also the target of one finding.": "Elle est aussi la cible d’une alerte.", "It is also the target of %s findings.": "Elle est aussi la cible de %s alertes.",
	"The page tells the %s most severe findings. %s more are counted above and not listed: %s. Other outputs, such as ndjson, have all of them.": "La page présente les %s alertes les plus graves. %s autres sont comptées plus haut sans être listées : %s. D’autres sorties, comme ndjson, les ont toutes.",
	"Filter the findings": "Filtrer les alertes", "Search": "Rechercher", "address, port, word …": "adresse, port, mot …", "Host": "Machine",
	"Detector": "Détecteur", "all": "tous", "Sort": "Trier", "severity": "gravité", "earliest first": "les plus anciennes", "latest first": "les plus récentes",
	"risk of the host": "risque de la machine", "most often met": "les plus fréquentes", "Severity": "Gravité", "Reset": "Tout afficher",
	"Keys: / search, j and k next and previous finding, Enter opens.": "Touches : / rechercher, j et k alerte suivante et précédente, Entrée ouvre.",
	"Show more": "En afficher plus", "met %s times": "vue %s fois", "confidence": "confiance",
	"Measured against": "Par rapport à", "Numbers and thresholds": "Nombres et seuils", "number": "nombre", "value": "valeur", "threshold": "seuil",
	"Why it matters": "Pourquoi c’est important", "What else it could be": "Ce que cela peut être d’autre", "What to check next": "Que vérifier ensuite",
	"Known of the addresses": "Ce que l’on sait des adresses", "Flows behind it": "Flux à l’appui", "To see the flows": "Pour voir les flux",
	"protocol": "protocole", "flow": "flux", "state": "état", "volume": "volume", "file and row": "fichier et ligne", "out": "émis", "in": "reçus", "sent": "envoyés",
	"met": "vue", "times": "fois", "and": "et", "more flows": "autres flux", "of": "sur", "No finding fits the filter.": "Aucune alerte ne correspond au filtre.",
	"not answered": "sans réponse", "refused": "refusé", "answered": "répondu", "no flow": "aucun flux", "at most": "au plus", "bins": "classes",
	"and %s more flows": "et %s autres flux", "%s more findings": "%s autres alertes", "detector": "détecteur", "what": "quoi", "and %s more": "et %s de plus",
	"What could not be observed": "Ce qui n’a pu être observé",
	"Flows tell who spoke with whom, when and how much, not what was said. What did not pass the sensors is not here, and silence is no proof of innocence.": "Les flux disent qui a parlé à qui, quand et combien, pas ce qui s’est dit. Ce qui n’est pas passé par les sondes n’est pas ici, et le silence ne prouve rien.",
	"%s did not run: %s.":       "%s n’a pas été exécuté : %s.",
	"So nobody looked for: %s.": "Personne n’a donc cherché : %s.",
	"Flows left out by choice (--where, --since, --until, --sample): %s. What they were part of looks smaller, or is missing.": "Flux écartés par choix (--where, --since, --until, --sample) : %s. Ce dont ils faisaient partie paraît plus petit, ou manque.",
	"Rows that could not be read, and that no detector saw: %s.":                                                               "Lignes illisibles, qu’aucun détecteur n’a vues : %s.",
	"Flows that came too late for their time window, and count in none: %s.":                                                   "Flux arrivés trop tard pour leur fenêtre, et qui n’y comptent pas : %s.",
	"Addresses forgotten to keep memory bounded, which count as new when they come back: %s.":                                  "Adresses oubliées pour borner la mémoire, nouvelles à leur retour : %s.",
	"Alerts below the severity that was asked for, which are not shown: %s.":                                                   "Alertes sous la gravité demandée, qui ne sont pas montrées : %s.",
	"Flows that rules of the user kept from the detectors: %s.":                                                                "Flux que des règles de l’utilisateur ont soustraits aux détecteurs : %s.",
	"Rules of triage, and how often each hid something":                                                                        "Règles de tri, et ce que chacune a masqué", "until": "jusqu’au", "expired": "expirée",
	"Against the earlier run": "Par rapport à l’analyse précédente", "New: %s. Known: %s. Gone: %s.": "Nouvelles : %s. Connues : %s. Disparues : %s.", "Gone since": "Disparues depuis",
	"Findings that rules of the user suppress: %s.": "Alertes que des règles de l’utilisateur masquent : %s.",
	"Blind spots of each detector":                  "Angles morts de chaque détecteur",
	"rows read":                                     "lignes lues", "bad rows": "lignes fautives", "skipped (headers, comments)": "passées (en-têtes, commentaires)", "flows": "flux",
	"late flows": "flux en retard", "addresses": "adresses", "pairs of addresses": "paires d’adresses", "flow size, median": "taille d’un flux, médiane",
	"flow size, 99 %": "taille d’un flux, 99 %", "flow size, largest": "taille d’un flux, maximum", "Files": "Fichiers", "file": "fichier", "rows": "lignes",
	"bad": "fautives", "skipped": "passées", "notes": "remarques", "no flow data": "pas de flux", "error": "erreur",
	"Bad rows, the first of each file": "Lignes fautives, les premières de chaque fichier", "Warnings": "Avertissements", "Detectors": "Détecteurs",
	"alerts before folding": "alertes avant regroupement", "did not run": "non exécuté",
	"All times are UTC. This page fetches nothing; the alerts are in it as JSON, in the layout": "Toutes les heures sont en UTC. Cette page ne charge rien ; les alertes s’y trouvent en JSON, au format",
}
