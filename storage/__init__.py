"""Tables, their rules and their queries; one module a subject."""
