"""The whole live system as a process of its own, for end-to-end tests: started, killed and started again."""
