"""What becomes of mail when processes are killed: senders, a difficult relay, and the account of both."""
