"""The definitions of a document, by kind."""

from graphql import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """Return the fragments by their names."""
    return {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }


def operations_of(document: DocumentNode) -> list[OperationDefinitionNode]:
    """Return the operations in the order of the text."""
    return [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
