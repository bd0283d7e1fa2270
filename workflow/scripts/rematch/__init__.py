"""Re-match news articles with their photographs: the functions the workflow's scripts call."""
