#!/usr/bin/env python3
"""A spec that cannot be meant is refused with exit code 2, its place, and what would be right."""


from command_line import SPEC, USAGE, OK, CommandLineTest, main

CLAIM = '[[claim]]\nquantity = "{}"\ntolerance = 1.0\nreason = "none"\n'
FIGURE = '[[figure]]\nkind = "{}"\n{}\n'


class SpecErrors(CommandLineTest):
    def refused_value(self, assignment, *words):
        with self.subTest(assignment):
            done = self.twofold("predict", self.spec, "--set", assignment)
            self.assertRefused(done, USAGE, *words)

    def refused_text(self, text, *words, command="predict"):
        path = self.write("bad.toml", text)
        extra = ["--out", "never"] if command == "run" else []
        done = self.twofold(command, path, *extra)
        self.assertRefused(done, USAGE, *words)
        self.assertFalse((self.folder / "never").exists())

    def test_the_spec_itself_is_accepted(self):
        self.assertExit(self.twofold("predict", self.spec), OK)

    def test_wrong_types_name_key_value_and_type(self):
        self.refused_value("train.step=fast", "spec.toml", "train.step = 'fast'", "number")
        self.refused_value("model.neurons=1.5", "model.neurons = 1.5", "whole number")
        self.refused_value("model.activation=3", "model.activation = 3", "string")
        self.refused_value("data.spectrum=1.0", "data.spectrum = 1.0", "list of numbers")
        self.refused_value('data.spectrum=[1.0, "a"]', "data.spectrum = 'a'", "number")
        self.refused_value("data.transforms=[1]", "data.transforms = 1", "string")
        self.refused_value("record.save_weights=1", "record.save_weights = 1", "true or false")
        self.refused_value("seed=-1", "seed = -1", ">= 0")
        self.refused_value("train=3", "train")
        self.refused_value("train.step.fine=3", "'step' is a value, not a section")

    def test_wrong_type_in_a_file_names_the_line(self):
        self.refused_text('system = "mean_field"\n[train]\nstep = "fast"\n', "bad.toml:3: train.step")

    def test_unknown_keys_get_a_suggestion(self):
        self.refused_value("train.penalti=1", "unknown key 'train.penalti'", "did you mean 'train.penalty'?")
        self.refused_value("neurons=3", "unknown key 'neurons'", "did you mean 'model.neurons'?")
        self.refused_value("sead=3", "unknown key 'sead'", "did you mean 'seed'?")
        self.refused_text(SPEC.replace("[record]", "[recrod]"), "recrod.times", "record.times")
        self.refused_text('system = "mean_field"\n[model]\nnurons = 3\n', "bad.toml:3: unknown key", "model.neurons")
        self.refused_text(SPEC + CLAIM.format("loss") + "tolerence = 1\n", "tolerence", "tolerance")

    def test_unknown_names_get_a_suggestion_or_the_list(self):
        self.refused_value("system=meanfield", "meanfield", "did you mean 'mean_field'?")
        self.refused_value("model.activation=rleu", "rleu", "did you mean 'relu'?")
        self.refused_value("model.activation=zzzzzz", "zzzzzz", "relu, ")
        self.refused_value("model.init=pared", "pared", "did you mean 'paired'?")
        self.refused_value("data.source=gausian", "gausian", "did you mean 'gaussian'?")
        self.refused_value("record.predictor=l2", "l2", "did you mean 'L2'?")
        self.refused_value('data.transforms=["centre"]', "centre", "did you mean 'center'?")
        self.refused_value("train.schedule=linear", "linear", "must be one of constant")

    def test_negative_and_zero_sizes(self):
        for key, domain in (("model.neurons", ">= 1"), ("train.batch", ">= 0"), ("repeats", ">= 1"),
                            ("record.points", "in [1, 100000]"), ("record.components", ">= 1"),
                            ("record.test_samples", ">= 1"), ("data.dimension", ">= 0")):
            self.refused_value(f"{key}=-3", f"{key} = -3", domain)
        for key in ("model.neurons", "repeats", "record.components"):
            self.refused_value(f"{key}=0", f"{key} = 0", ">= 1")

    def test_negative_zero_and_infinite_numbers(self):
        for key, domain in (("train.step", ">= 0"), ("train.penalty", ">= 0"), ("train.time", "> 0"),
                            ("train.noise", "> 0"), ("train.checkpoint_seconds", "> 0"),
                            ("train.momentum", "[0, 1)"), ("data.noise", ">= 0")):
            self.refused_value(f"{key}=-0.5", f"{key} = -0.5", domain)
            self.refused_value(f"{key}=nan", f"{key} = nan", domain)
            self.refused_value(f"{key}=inf", f"{key} = inf", domain)
        self.refused_value("train.momentum=1.0", "train.momentum = 1.0", "[0, 1)")
        self.refused_value("train.time=0", "train.time = 0", "> 0")

    def test_no_learning_from_a_start_at_zero(self):
        self.refused_value("model.init_scale=0", "model.init_scale = 0", "> 0")
        self.refused_value("model.init_scale=-0.1", "model.init_scale = -0.1", "> 0")

    def test_spectra_that_are_no_variances(self):
        self.refused_value("data.spectrum=[1.0, -0.1]", "data.spectrum = -0.1", ">= 0")
        self.refused_value("data.spectrum=[0.0, 0.0]", "spectrum", "0; nothing varies")
        self.refused_value("data.spectrum=[]", "spectrum")
        self.refused_value("data.spectrum=[nan]", "data.spectrum = nan")

    def test_record_times_must_increase_and_end_in_time(self):
        self.refused_value("record.times=[2.0, 1.0]", "record.times must increase")
        self.refused_value("record.times=[1.0, 1.0]", "record.times must increase")
        self.refused_value("record.times=[1.0, 5.1]", "record.times goes to 5.1", "train.time ends at 5")
        self.refused_value("record.times=[-1.0]", "record.times = -1", ">= 0")

    def test_neurons_that_do_not_fit_the_start(self):
        for command in (["predict"], ["run", "--out", "never"]):
            with self.subTest(command):
                odd = self.twofold(*command, self.spec, *self.sets(model__init="paired", model__neurons=33))
                self.assertRefused(odd, USAGE, "paired", "even", "33")
                frame = self.twofold(*command, self.spec, *self.sets(model__init="balanced", model__neurons=20))
                self.assertRefused(frame, USAGE, "balanced", "multiple of 2d = 8", "20")
                self.assertFalse((self.folder / "never").exists())

    def test_odd_batch_cannot_be_mirrored(self):
        done = self.twofold("run", self.spec, "--out", "never",
                            *self.sets(data__transforms='["mirrored"]', train__batch=3))
        self.assertRefused(done, USAGE, "mirror", "3")
        self.assertFalse((self.folder / "never").exists())

    def test_a_time_of_endless_steps(self):
        self.refused_value("train.time=1e300", "steps", "train.time")
        self.refused_value("train.step=1e-300", "steps")

    def test_whole_training_set_needs_a_step(self):
        done = self.twofold("predict", self.spec, *self.sets(train__batch=0, train__step=0))
        self.assertRefused(done, USAGE, "train.batch = 0", "set train.step")

    def test_claims_and_figures_are_checked_before_anything_is_trained(self):
        for text, words in (
                (CLAIM.format("los"), ("unknown quantity 'los'", "did you mean 'loss'?", "list quantities")),
                (CLAIM.format("most:loss"), ("most:loss", "minimum or exponent")),
                (CLAIM.format("minimum:los"), ("unknown quantity 'los'",)),
                (CLAIM.format("loss").replace("none", ""), ("loss", "states no reason")),
                (CLAIM.format("loss") + 'cases = ["7"]\n', ("no case labelled '7'",)),
                (FIGURE.format("gian", ""), ("unknown figure 'gian'", "kinds are gain")),
                (FIGURE.format("sweep:los", ""), ("unknown quantity 'los'",)),
                (FIGURE.format("gain", 'x_scale = "sqrt"'), ("sqrt", "linear or log")),
                ('[sweep]\nkey = "train.penalty"\n', ("[sweep] has no values",)),
                ('[[case]]\nlabel = "a"\nset = ["train.stp=1"]\n', ("train.stp", "train.step"))):
            with self.subTest(words[0]):
                self.refused_text(SPEC + "\n" + text, *words, command="run")

    def test_set_without_an_equals_sign(self):
        self.refused_value("train.step", "key=value", "'train.step'")
        self.refused_value("=3", "key=value")

    def test_broken_toml_names_file_line_and_column(self):
        self.refused_text('system = "mean_field"\nseed = \n', "bad.toml:2:", "not valid TOML")
        self.refused_text('a = 1\na = 2\n', "bad.toml:2:", "not valid TOML")
        self.refused_text(b'title = "\xff"\n', "bad.toml:1:", "not valid TOML")
        self.refused_text("", "system")

    def test_missing_spec_file(self):
        for command in ("run", "predict"):
            self.assertRefused(self.twofold(command, "none.toml"), USAGE, "none.toml", "no such file")
            self.assertRefused(self.twofold(command, self.folder), USAGE, "not a readable file")


if __name__ == "__main__":
    main()
