"""The pages that every queue has, made from its declaration. HTTP in, a selector or one service, HTTP out."""
