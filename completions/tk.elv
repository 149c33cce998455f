use str

set edit:completion:arg-completer[tk] = {|@words|
    e:env TK_COMPLETE=elvish tk -- $@words | from-lines | each {|line|
        var word @about = (str:split &max=2 "\t" $line)
        var display = (str:join '  ' [$word $@about])
        edit:complex-candidate $word &code-suffix=' ' &display=$display
    }
}
