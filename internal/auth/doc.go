// Package auth knows who calls: API keys with a role and an organisation, and what each role may do.
//
// A key is "ldg_<id>_<secret>". The secret has 256 random bits and is stored as a plain SHA-256: nobody
// guesses that many bits, so neither a slow hash nor a pepper would add anything (a pepper protects
// secrets that can be guessed), and a dump of the table still opens nothing.
package auth
