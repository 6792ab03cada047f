"""Properties spelled out as methods: mutmut changes no function that has a decorator, and many rules are properties."""

import ast


def spell_out(module: str) -> str:
    """The module with every `@property` as a method (`room_rule`), and a property of the old name that calls it."""
    lines = module.splitlines()
    for node in sorted(ast.walk(ast.parse(module)), key=lambda node: -getattr(node, "lineno", 0)):
        if isinstance(node, ast.FunctionDef) and is_property(node):
            decorator, last = node.decorator_list[0].lineno, node.end_lineno or node.lineno
            method = [line.replace(f"def {node.name}(", f"def {node.name}_rule(", 1) for line in lines[decorator:last]]
            indent = " " * node.col_offset
            lines[decorator - 1 : last] = [
                *method,
                "",
                f"{indent}{node.name} = property(lambda self: self.{node.name}_rule())",
            ]
    return "\n".join(lines) + "\n"


def is_property(node: ast.FunctionDef) -> bool:
    return [ast.unparse(one) for one in node.decorator_list] == ["property"]
