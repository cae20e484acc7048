"""Who we are to the broker: credentials and where they are kept, the way to the broker, the login that is kept up."""
