// Package settings is everything that a user can configure: one table from
// which the flags, the configuration file, the environment variables and the
// listing of the effective configuration are made.
//
// A [Setting] describes one entry of the table. [Settings] holds the value of
// each with its [Origin]: the default, a line of the configuration file, an
// environment variable or a flag, where the later overrides the earlier. The
// parameters of the detectors are entries too, made from what the detectors
// declare. Values are kept as the texts they were given as, so that all ways
// to give one are read by the same code, and become typed [Options] at the
// end.
package settings
