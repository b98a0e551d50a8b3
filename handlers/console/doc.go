// Package console is the web console: orders, bills, balances and the ledger itself, as pages for people. It is made of
// HTML from the server; scripts add comfort, and reading works without them. It asks the read models and carries out
// commands as the API does, with the API's rules, roles, filters and errors.
//
// A page is a file of its own: its route, what it reads, and a template of the same name. Words stand in words/, one
// file for each page and language; styles and scripts in assets/, joined into one of each when the program starts.
package console
