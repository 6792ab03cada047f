"""View models: what a page shows, decided from the services' answers without any I/O."""
