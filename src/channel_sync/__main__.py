"""`python -m channel_sync` is the command `channel-sync`."""

from channel_sync.cli import main

if __name__ == "__main__":
    main()
