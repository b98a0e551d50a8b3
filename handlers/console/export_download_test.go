package console

// SetDownloadMost changes how many rows a file has at most, for tests that run alone.
func SetDownloadMost(n int) (before int) {
	before, downloadMost = downloadMost, n
	return before
}
