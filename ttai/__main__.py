"""`python -m ttai` is `ttai`."""

from ttai.cli import main

if __name__ == "__main__":
    main()
