"""Whether a cluster is fit for a sweep: two tiny jobs look around in the folder that a sweep would have."""
