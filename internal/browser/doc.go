// Package browser opens pages in a real Chromium, for tests: it clicks what people click, by the names that they read,
// and fails the test on errors in the page's console, scripts that throw, and violations of the content security policy.
//
// Tests that run at the same time share one browser, each with cookies of its own; it ends with the last of them.
package browser
