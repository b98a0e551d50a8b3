// Package files writes what people take away: tables as CSV, XLSX or JSON lines, row by row, and an order as a PDF. It
// knows nothing of requests and asks nobody; what it writes is a function of what it is given.
package files
