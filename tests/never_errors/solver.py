"""cvc5 as a process that reads SMT-LIB from standard input: the wheel has the solver's library and no program."""

import sys

import cvc5


class Session:
    """A solver, what it knows by name, and a reader of commands."""

    def __init__(self) -> None:
        manager = cvc5.TermManager()
        self.solver = cvc5.Solver(manager)
        self.solver.setOption("tlimit-per", "60000")
        self.symbols = cvc5.SymbolManager(manager)
        self.reader = cvc5.InputParser(self.solver, self.symbols)

    def run(self, text: str) -> None:
        self.reader.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "stdin")
        while not (command := self.reader.nextCommand()).isNull():
            sys.stdout.write(command.invoke(self.solver, self.symbols))
        sys.stdout.flush()


def depth_of(line: str, depth: int, quoted: str) -> tuple[int, str]:
    """How deep parentheses are nested after a line, and in which quotes it ends."""
    for character in line:
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in '"|':
            quoted = character
        elif character == ";":
            break
        else:
            depth += {"(": 1, ")": -1}.get(character, 0)
    return depth, quoted


def main() -> None:
    session = Session()
    text, depth, quoted = "", 0, ""
    for line in sys.stdin:
        text += line
        depth, quoted = depth_of(line, depth, quoted)
        if depth or quoted or not text.strip():
            continue
        if text.strip() == "(reset)":
            session = Session()
        else:
            session.run(text)
        text = ""


main()
