"""Every detector, one file each; its id is the file's name."""
