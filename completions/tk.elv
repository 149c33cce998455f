set edit:completion:arg-completer[tk] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) TK_COMPLETE="elvish" tk -- $@words) | to-lines
}
