"""Whether a synthesized CDK stack still says all that the template says: `lost.py TEMPLATE SYNTHESIZED.json`."""

import json
import sys
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

# Files are elsewhere, and the stack has its own description.
ELSEWHERE = {("Globals", "Function", "CodeUri"), ("Resources", "Run", "Properties", "DefinitionUri"), ("Description",)}


def plain(value):
    """A value in the one of its spellings that CDK writes."""
    if isinstance(value, dict):
        return {key: ".".join(it) if key == "Fn::GetAtt" and isinstance(it, list) else plain(it)
                for key, it in value.items()}
    if isinstance(value, list):
        return [plain(it) for it in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def lost(said, kept, path=()):
    """Every path at which `kept` does not say what `said` does."""
    if path in ELSEWHERE:
        return
    if isinstance(said, dict) and isinstance(kept, dict):
        for key, it in said.items():
            yield from lost(it, kept.get(key), (*path, key))
    elif isinstance(said, list) and isinstance(kept, list) and len(said) == len(kept):
        for index, it in enumerate(said):
            yield from lost(it, kept[index], (*path, index))
    elif said != kept:
        yield path


def main():
    template, synthesized = sys.argv[1:]
    said = plain(yaml_parse(Path(template).read_text(encoding="utf-8")))
    kept = plain(json.loads(Path(synthesized).read_text(encoding="utf-8")))
    found = ["/".join(map(str, it)) for it in lost(said, kept)]
    if found:
        sys.exit("lost.py: CDK does not keep\n  " + "\n  ".join(found))


if __name__ == "__main__":
    main()
