complete --keep-order --exclusive --command tk --arguments "(TK_COMPLETE=fish tk -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
