$nyquist plug-in
$version 4
$type generate
$debugbutton false
$name (_ "Segue Preview Transition")
$author (_ "Segue")
$release 1
$copyright (_ "MIT")

;; Preview plays a transition that "Segue Mark Cuts" found last; Generate makes a track of it, at its place.
;; The list of transitions is written by "Segue Mark Cuts".

$control WHICH (_ "Transition") choice (("none" (_ "run Segue Mark Cuts first"))) 0

CONFIG

(defun last-job () ; job, least score, most cuts, start of the selection, pairs of cuts
  (let* ((file (open (segue-path "last.lsp"))) (state (if file (read file))))
    (if file (close file))
    state))

;; A daemon that was started anew knows the job again after the same question, whose answer it has kept.
(defun ask-preview (job least most pair)
  (let* ((request (osc-pack "/segue/preview" "iiidd" job (first pair) (second pair) 0 0))
         (end (segue-ask job request request "/segue/preview/file")))
    (if (eq end :unknown) (setf end (segue-ask-cuts job least most))
        (return-from ask-preview end))
    (if (eq end t) (segue-ask job request request "/segue/preview/file") end)))

(defun at-our-rate (sound)
  (if (arrayp sound)
      (vector (at-our-rate (aref sound 0)) (at-our-rate (aref sound 1)))
      (force-srate *sound-srate* sound)))

;; Audacity's own commands take ASCII alone from a plug-in.
(defun insert (wav start)
  (aud-do "SelectNone:")
  (cond
    ((cdr (aud-do (format nil "Import2: Filename=\"~a\"" wav)))
     (aud-do "SetTrackStatus: Name=\"Segue preview\"")
     (aud-do (format nil "SetClip: At=0.01 Start=~a" start))
     "")
    (t (format nil "A plug-in cannot open a path with such letters; import this file by hand: ~a" wav))))

(defun found (address) (car (segue-of address segue-found)))

(defun preview (job least most start pairs)
  (let ((end (ask-preview job least most (nth which pairs))))
    (cond
      ((stringp end) end)
      (*previewp* (at-our-rate (s-read (nth 2 (found "/segue/preview/file")))))
      (t (let ((leave (nth 4 (found "/segue/preview/splice"))) (file (found "/segue/preview/file")))
           (insert (nth 2 file) (+ start leave (- (nth 3 file)))))))))

(segue-run #'(lambda ()
               (let ((state (last-job)))
                 (cond
                   ((not (member (get '*track* 'index) '(nil 1))) "") ; it runs once for each selected track
                   ((or (null state) (null (nth 4 state)))
                    "Run \"Segue Mark Cuts\" on a selection first: no transition is known.")
                   (t (apply #'preview state))))))
